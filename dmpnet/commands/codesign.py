"""Network and chip designed together: accuracy against bytes and against energy, over d, N and bits.

For every d and N a network is trained and put into the integers of every choice of bits, on a chip made to measure: as
many slots as d, cores and banks as large as what they hold. The Pareto fronts of accuracy against bytes and against
energy (our model, dmpnet.hardware.actions) are printed, drawn and written, and the knee of each is named: the design
on the front after which more buys least, among those within --budget, which may be one that hardly classifies; the one
of those that classifies best, and the cheapest that is about as good, which the figure marks.

Accuracy is that of the integers on the validation part; the test set is left alone. Trainings are short, so that
designs can be compared, not quoted. The defaults, 9 trainings of 10 epochs and 27 integer networks, take some 8
minutes for shd-regen on one core; killed and called again, it goes on where it was (extra: train).
"""

import argparse
from dataclasses import asdict, replace
from itertools import product
from pathlib import Path
from typing import Any

from dmpnet import data
from dmpnet.errors import DmpnetError
from dmpnet.hardware import chip as chips
from dmpnet.results import options, outputs, pareto, provenance, script, terminal
from dmpnet.sweeps.names import digest
from dmpnet.sweeps.sweep import sweep

COSTS = {"bytes": "bytes", "nJ": "nJ an inference"}
CHOICES = ("8:8:16", "4:4:8", "2:4:8")


def add(parsers) -> None:
    p = parsers.add_parser("codesign", description=__doc__)
    p.add_argument("--budget", type=options.size, default=20_000, metavar="SIZE",
                   help="bytes of all banks of all cores, e.g. 20kB (default: 20kB)")
    p.add_argument("--dataset", default="shd-regen", metavar="DATA", help="what is learned (default: shd-regen)")
    p.add_argument("--chip", default="dmp-256", metavar="CHIP", help="whose words and datapath (default: dmp-256)")
    p.add_argument("--d", type=options.count(1), nargs="+", default=[2, 5, 10],
                   help="of the slow memories (default: 2 5 10)")
    p.add_argument("--N", type=options.count(1), nargs="+", default=[32, 64, 128],
                   help="neurons a layer (default: 32 64 128)")
    p.add_argument("--bits", nargs="+", default=list(CHOICES), metavar="W_f:P:m",
                   help=f"bits of W_f, of P and nu, and of m (default: {' '.join(CHOICES)})")
    p.add_argument("--epochs", type=options.count(1), default=10, help="of each training (default: 10)")
    p.add_argument("--finetune", type=options.count(0), default=0, metavar="EPOCHS",
                   help="of quantisation-aware training, for every choice of bits (default: 0)")
    p.add_argument("--calibration", type=options.count(1), default=60, metavar="N",
                   help="training samples for formats and energy")
    p.add_argument("--measured", type=options.count(1), default=815, metavar="N",
                   help="validation samples at most (default: 815)")
    options.workers(p, "designs trained")
    p.add_argument("--look", action="store_true", help=argparse.SUPPRESS)  # refused: it chooses by what it is shown
    options.data(p)
    options.common(p, "codesign")
    options.quick(p, "d 2 and 10, 16 and 48 neurons, two choices of bits, 2 epochs, 200 samples measured", d=[2, 10],
                  N=[16, 48], bits=list(CHOICES[:2]), epochs=2, calibration=20, measured=200)
    p.set_defaults(execute=outputs.during(execute, lambda arguments: outputs.in_folder(
        "codesign", arguments.out, arguments, "results.json", ("codesign.png", "codesign.pdf"))))


def execute(arguments: argparse.Namespace) -> None:
    options.no_choice(arguments, "codesign")
    choices = [choice(text) for text in arguments.bits]
    described = chips.load(arguments.chip)
    for bits in choices:  # before any long work
        chips.changed(described, {f"words.{name}.bits": value for name, value in bits.items()})
    points = swept(arguments, choices)
    fronts = judged(points, arguments.budget)
    print(table(points, fronts))
    for name, unit in COSTS.items():
        print(sentence(points, fronts[name], name, unit, arguments.budget))
    if (most := pareto.best(points, arguments.budget)) is not None:
        print(f"most accurate within {arguments.budget:,} bytes: {in_words(most)}")
        for name, unit in COSTS.items():
            print(f"least {unit} within two standard errors of it: "
                  f"{in_words(pareto.enough(points, arguments.budget, name) or most)}")
    provenance.write(arguments.out / "results.json", provenance.record(
        "codesign", script.given(arguments), budget=arguments.budget, points=points, fronts=fronts,
        chip=described.source))
    from dmpnet.drawing import save  # Matplotlib takes a while to import: after the table
    from dmpnet.drawing.codesign import codesign

    provenance.seal(arguments.out / "results.json",
                    save(codesign(arguments.out / "results.json"), arguments.out / "codesign"))
    print(f"\nfigure and results with provenance in {arguments.out}/")


def choice(text: str) -> dict[str, int]:
    """'4:4:8' as bits of W_f, P and m."""
    try:
        W_f, P, m = map(int, text.split(":"))
    except ValueError:
        raise DmpnetError(f"--bits {text}: not three numbers; write W_f:P:m, e.g. 4:4:8") from None
    return {"W_f": W_f, "P": P, "m": m}


def swept(arguments: argparse.Namespace, choices: list[dict[str, int]]) -> list[dict[str, Any]]:
    """Points of all designs; those there already are read, the others made."""
    data.load(arguments.dataset, "train", arguments.data, arguments.download)  # missing data is told before the work
    asked = {key: getattr(arguments, key) for key in ("dataset", "chip", "epochs", "finetune", "calibration",
                                                      "measured", "seed")}
    folder = arguments.out / "points"
    found = sweep(design, [{"d": d, "N": N} for d, N in product(arguments.d, arguments.N)], arguments.scheduler,
                  out=folder, common=asked | {"choices": choices}, processes=arguments.processes, progress="training",
                  aside={"folder": arguments.data, "runs": folder.absolute()})
    return [point for points in found for point in points]


def design(d: int, N: int, dataset: str, chip: str, choices: list[dict[str, int]], epochs: int, finetune: int,
           calibration: int, measured: int, seed: int, folder: Path | None, runs: Path) -> list[dict[str, Any]]:
    """Points of the design of d and N, a choice of bits each; what is trained for them lies in a folder of `runs`."""
    from dmpnet.training.designs import Effort, designed

    recipe = basis(dataset)
    recipe = replace(recipe, d=d, sizes=(recipe.sizes[0], *[N] * (len(recipe.sizes) - 2), recipe.sizes[-1]), seed=seed)
    effort = Effort(epochs, finetune, calibration, measured)
    run = runs / f"d{d}-N{N}-{digest(asdict(recipe), effort, chip, dataset)[:8]}.run"
    return designed(recipe, chips.load(chip), choices, effort, data.load(dataset, "train", folder), run)


def basis(dataset: str) -> Any:
    """The recipe of the shipped DMP II of a data set, else the published one, in small batches for few epochs."""
    from dmpnet.training.recipe import published
    from dmpnet.training.recipes import RECIPES

    return replace(RECIPES.get(f"{dataset}-dmp2") or published(dataset), batch=32, coarse_epochs=0)


def judged(points: list[dict[str, Any]], budget: int) -> dict[str, dict[str, Any]]:
    """For each cost the front, as places in `points`, and the knee among designs within the budget, None if none is."""
    within = [place for place, point in enumerate(points) if point["bytes"] <= budget]
    fronts = {}
    for name in COSTS:
        cost, gain = ([points[place][key] for place in range(len(points))] for key in (name, "accuracy"))
        knee = within[pareto.knee([cost[i] for i in within], [gain[i] for i in within])] if within else None
        fronts[name] = {"front": pareto.front(cost, gain), "knee": knee}
    return fronts


def table(points: list[dict[str, Any]], fronts: dict[str, dict[str, Any]]) -> str:
    """The designs by bytes; a mark where one is on a front."""
    order = sorted(range(len(points)), key=lambda place: points[place]["bytes"])
    rows = [{"d": point["d"], "N": point["N"], "W_f:P:m bits": f"{point['W_f']}:{point['P']}:{point['m']}",
             "bytes": point["bytes"], "nJ": point["nJ"], "cycles a step": point["cycles"],
             "trained %": 100 * point["trained"], "integers %": 100 * point["accuracy"],
             "front of": ", ".join(name for name in COSTS if place in fronts[name]["front"])}
            for place, point in ((place, points[place]) for place in order)]
    return terminal.table(rows, floatfmt=("", "", "", "", ".1f", ".0f", ".2f", ".2f"), intfmt=",",
                    disable_numparse=[2, 8])


def sentence(points: list[dict[str, Any]], of: dict[str, Any], name: str, unit: str, budget: int) -> str:
    """Names the knee."""
    if of["knee"] is None:
        least = min(point["bytes"] for point in points)
        return f"knee of {unit}: none, no design fits {budget:,} bytes, the smallest takes {least:,}; raise --budget"
    return f"knee of {unit} within {budget:,} bytes: {in_words(points[of['knee']])}"


def in_words(point: dict[str, Any]) -> str:
    """A design in words."""
    return (f"d {point['d']}, N {point['N']}, bits W_f {point['W_f']}, P {point['P']}, m {point['m']}: "
            f"{point['bytes']:,} bytes, {point['nJ']:.1f} nJ, {100 * point['accuracy']:.2f} %")
