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
import pickle
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any

from dmpnet import data
from dmpnet.disk import results
from dmpnet.errors import DmpnetError
from dmpnet.hardware import chip
from dmpnet.results import options, outputs, pareto, provenance, script, terminal
from dmpnet.system import working_folder
from dmpnet.system.processes import children, held, in_order
from dmpnet.system.progress import telling

COSTS = {"bytes": "bytes", "nJ": "nJ an inference"}
POINT = {"d": int, "N": int, "W_f": int, "P": int, "m": int, "bytes": int, "nJ": float, "accuracy": float,
         "trained": float, "cycles": float}
CHOICES = ("8:8:16", "4:4:8", "2:4:8")


def add(parsers) -> None:
    p = parsers.add_parser("codesign", description=__doc__,
                           formatter_class=argparse.RawDescriptionHelpFormatter)
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
    p.add_argument("--processes", type=options.count(1), default=1, metavar="N",
                   help="designs trained side by side (default: 1)")
    p.add_argument("--look", action="store_true", help=argparse.SUPPRESS)  # refused: it chooses by what it is shown
    options.data(p)
    options.common(p, "codesign")
    p.set_defaults(execute=outputs.during(execute, lambda arguments: outputs.in_folder(
        "codesign", arguments.out, arguments, "results.json", ("codesign.png", "codesign.pdf"))))


def execute(arguments: argparse.Namespace) -> None:
    options.no_choice(arguments, "codesign")
    choices = [choice(text) for text in arguments.bits]
    described = chip.load(arguments.chip)
    for bits in choices:  # before any long work
        chip.changed(described, {f"words.{name}.bits": value for name, value in bits.items()})
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
    """Points of all designs; those there already are read, the others made, each in a process."""
    asked = {key: getattr(arguments, key) for key in ("dataset", "chip", "bits", "epochs", "finetune", "calibration",
                                                      "measured", "seed")}
    shapes = list(product(arguments.d, arguments.N))
    files = {shape: arguments.out / "points" / f"d{shape[0]}-N{shape[1]}.json" for shape in shapes}
    for file in files.values():
        if file.exists() and (was := of(file)["asked"]) != asked:
            key = next(key for key in asked if was.get(key) != asked[key])
            raise DmpnetError(f"{file}: made with {key} = {was.get(key)!r}, but this sweep asks for {asked[key]!r}; "
                              f"use another --out, or the same settings")
    missing = [shape for shape in shapes if not files[shape].exists()]
    data.load(arguments.dataset, "train", arguments.data, arguments.download)  # missing data is told before the work
    there = len(shapes) - len(missing)
    with telling("training", len(shapes), "design", "", there) as tell:
        given = argparse.Namespace(**{key: value for key, value in vars(arguments).items() if key != "execute"})
        one = partial(write_design, arguments=given, choices=choices, asked=asked)
        if arguments.processes == 1:
            for number, shape in enumerate(missing, there + 1):
                one(shape, files[shape])
                tell(number)
        elif missing:
            tasks = [(one, shape, files[shape]) for shape in missing]
            for number, _ in enumerate(_side_by_side(arguments.processes, tasks), there + 1):
                tell(number)
    return [point for shape in shapes for point in of(files[shape])["points"]]


def of(file: Path) -> dict[str, Any]:
    """What was asked for and found of a design."""
    return results.read(file, {"asked": dict, "points": [POINT]}, "move it away, and the design is made again")


def _side_by_side(processes: int, tasks: list[tuple]) -> Iterator[None]:
    """Call every (function, *arguments) in a process of its own, `processes` at once; none outlives this one."""
    with held() as scratch, children() as started:
        def call(task: tuple) -> None:
            folder = Path(tempfile.mkdtemp(dir=scratch))
            (folder / "task").write_bytes(pickle.dumps(task))
            started.call([sys.executable, "-m", "dmpnet.commands.codesign", str(folder / "task")], folder,
                         f"the design of {task[2].stem}", "mend that, and call again: it goes on where it was", Path())

        for _ in in_order(call, ((task,) for task in tasks), processes, started):
            yield


def write_design(shape: tuple[int, int], file: Path, arguments: argparse.Namespace, choices: list[dict[str, int]],
                 asked: dict[str, Any]) -> None:
    """Train the design of (d, N) and write its points to `file`."""
    from dmpnet.training.designs import Effort, designed
    from dmpnet.training.workers import share

    share(arguments.processes)
    d, N = shape
    recordings = data.load(arguments.dataset, "train", arguments.data)
    recipe = basis(arguments.dataset)
    recipe = replace(recipe, d=d, sizes=(recipe.sizes[0], *[N] * (len(recipe.sizes) - 2), recipe.sizes[-1]),
                     seed=arguments.seed)
    effort = Effort(arguments.epochs, arguments.finetune, arguments.calibration, arguments.measured)
    points = designed(recipe, chip.load(arguments.chip), choices, effort, recordings, file.with_suffix(".run"))
    provenance.write(file, {"asked": asked, "points": points})


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


def _main(path: str) -> int:
    """One of those that go on side by side."""
    with working_folder.not_read():
        task, *parts = pickle.loads(Path(path).read_bytes())
        try:
            task(*parts)
        except (DmpnetError, OSError) as error:
            print(error)
            return 2
    return 0


if __name__ == "__main__":
    sys.exit(_main(sys.argv[1]))
