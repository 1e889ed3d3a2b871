"""What does a trained network lose if its membranes leak by subtraction?

Compares, on real recordings in Brian2: the network as trained (exponential decay); linear decay put in its place,
weights as they are, lam by each rule of dmpnet.equations.decay, in membranes that stop at --floor, and in membranes
that do not; the nearest bit shift; and, with --finetune, linear decay after so many more epochs of training from there,
lam learned, beside exponential decay trained on for as long. With --search lam and floor are chosen together first, on
the validation part (both extra: train). Results, traces of the same neuron under the same input, a figure and
provenance go to --out.
"""

import argparse
import csv
from pathlib import Path
from typing import Any

import numpy as np

from dmpnet import data, reference
from dmpnet.brian.backends import check_backend
from dmpnet.disk.files import whole_file, write_arrays
from dmpnet.equations import decay
from dmpnet.results import options, outputs, provenance, script, terminal
from dmpnet.results.evaluation import Evaluation, evaluate
from dmpnet.system.progress import part, telling
from dmpnet.trained import swap
from dmpnet.trained.network import TrainedNetwork

FILES = ("results.csv", "traces.npz", "decay.png", "decay.pdf")
KINDS = ("exponential", "linear")


def add(parsers) -> None:
    p = parsers.add_parser("decay", description=__doc__)
    p.add_argument("weights", nargs="?", default="smnist-dmp2", metavar="FILE",
                   help="weights file, or the name of a shipped network (default: smnist-dmp2)")
    p.add_argument("--split", help="part of the data set; subset, what ships of the test part, is a look (default: the "
                                   "validation part, with --look test)")
    options.look(p)
    options.samples(p)
    p.add_argument("--floor", type=float, default=-1.0, metavar="THRESHOLDS",
                   help="where membranes with linear decay stop (default: -1, as far below 0 as the threshold above)")
    p.add_argument("--search", action="store_true", help="choose a rule for lam and a floor on the validation part")
    p.add_argument("--finetune", type=options.count(0), default=0, metavar="EPOCHS",
                   help="epochs of training with linear decay")
    p.add_argument("--lr", type=float, default=3e-3, help="peak learning rate of --finetune (default: 0.003)")
    options.backend(p)
    options.data_of_network(p)
    options.common(p, "dmpnet-decay")
    p.set_defaults(execute=execute)


def execute(arguments: argparse.Namespace) -> int:
    check_backend(arguments.backend, arguments.processes, genn=True)
    runs = [f"{kind}.run" for kind in KINDS] if arguments.finetune else []
    with outputs.in_folder("decay", arguments.out, arguments, "results.json", FILES, runs=runs) as out:
        return compare(arguments, out)


def compare(arguments: argparse.Namespace, out: outputs.Outputs) -> int:
    """Evaluate every variant, print and write; exit code 1 if a place differs from the reference."""
    network = options.network(arguments.weights)
    if arguments.search or arguments.finetune:
        options.check_data(arguments, network, "train")
    variants = swapped(network, arguments.floor)
    recordings = options.compared_on(arguments, network)
    rule, floor = chosen(arguments, network) if arguments.search else ("least squares", arguments.floor)
    if arguments.search:
        variants["linear, chosen"] = swap.linear(network, decay.RULES[rule], floor)
    if arguments.finetune:
        variants["exponential, fine-tuned"] = finetuned(arguments, network, "exponential")
        variants["linear, fine-tuned"] = finetuned(arguments, swap.linear(network, decay.RULES[rule], floor), "linear")
    rows: list[dict[str, Any]] = []
    compared = 0
    with telling("simulating", len(variants) * len(recordings), "sample", "") as tell:
        for variant, other in variants.items():
            result = evaluate(other, recordings, arguments.backend, part(tell, len(rows) * len(recordings)),
                              arguments.processes, f"{options.called(arguments.weights)}, {variant}" if rows else "",
                              arguments.ledger)
            compared += sum(result.compared)
            rows.append(line(variant, other, result, recordings, rows[0]["accuracy %"] if rows else None))
    print(terminal.hanging(f"{arguments.weights}: {network.kind} {network.shape}, {len(recordings):,} recordings of "
                           f"{recordings.name} ({recordings.split}), in Brian2 on {arguments.backend}"), end="\n\n")
    print(terminal.table(rows, floatfmt=("", "", ".2f", ".2f", "+.2f", "", ",.0f"), missingval="-",
                   colalign=("left", "left")))
    print("\ns.e.: over samples; lost: points against exponential decay; spikes: of all\nneurons an inference")
    from dmpnet.drawing import save  # Matplotlib takes a while to import: after the table
    from dmpnet.drawing.decays import decays

    with out.staged() as folder:
        write(folder, provenance.record("decay", script.given(arguments), data=recordings.source,
                                        weights=network.provenance), rows)
        write_arrays(folder / "traces.npz", **traces(network, variants, recordings))
        save(decays(folder / "results.json", folder / "traces.npz"), folder / "decay")
    print(f"\nfigure, table, traces and provenance in {arguments.out}/")
    return options.verdict([row["mismatched"] for row in rows], [compared])


def swapped(network: TrainedNetwork, floor: float) -> dict[str, TrainedNetwork]:
    """The network as trained, and with each other decay in place, by name; floor in thresholds, of the linear ones."""
    variants = {"exponential, as trained": network, "exponential, floor": swap.floored(network, floor),
                "linear, no floor": swap.floored(swap.linear(network, decay.slope_at_threshold), None)}
    for rule, lam in decay.RULES.items():
        variants[f"linear, {rule}"] = swap.linear(network, lam, floor)
    return variants | {"bit shift, nearest": swap.shift(network)}


def chosen(arguments: argparse.Namespace, network: TrainedNetwork) -> tuple[str, float | None]:
    """The rule for lam and the floor that the validation part prefers."""
    from dmpnet.training import swapping

    return swapping.best([swapping.search(network, options.training_set(arguments, network), "")])


def finetuned(arguments: argparse.Namespace, begun: TrainedNetwork, kind: str) -> TrainedNetwork:
    """`begun` trained on, what its decay keeps or takes learned, in the folder `kind`.run of --out."""
    from dmpnet.training.recipe import Recipe
    from dmpnet.training.trainer import Trainer

    neuron = begun.layers[0].neuron
    recipe = Recipe.that_led_to(begun).onward(arguments.finetune, arguments.lr, decay=kind, beta=neuron.beta,
                                              lam=neuron.lam, floor=neuron.floor, learn_decay=True, optimiser="muon")
    return Trainer(recipe, options.training_set(arguments, begun), arguments.out / f"{kind}.run",
                   f"fine-tuning, {kind}", start=begun).finished()


def line(variant: str, network: TrainedNetwork, result: Evaluation, recordings: data.Recordings,
         exponential: float | None) -> dict[str, Any]:
    """One row of the table."""
    steps = recordings.values.shape[1]
    spikes = steps * sum(rate * layer.N for rate, layer in zip(result.rates, network.layers, strict=True))
    constants = ", ".join(f"{layer.neuron.constant:.3g}" for layer in network.layers)
    neuron = network.layers[0].neuron
    constants += "" if neuron.floor is None else f"; floor {neuron.floor:g}"
    return {"decay": variant, "constants": f"{decay.CONSTANTS[neuron.decay]} {constants}",
            "accuracy %": result.accuracy, "s.e.": result.standard_error,
            "lost": None if exponential is None else exponential - result.accuracy,
            "active %": ", ".join(f"{100 * rate:.1f}" for rate in result.rates), "spikes": spikes,
            "mismatched": sum(result.mismatched)}


def write(folder: Path, entry: dict[str, Any], rows: list[dict[str, Any]]) -> None:
    """results.json and results.csv."""
    provenance.write(folder / "results.json", {"rows": rows} | entry)
    with whole_file(folder / "results.csv") as temporary, open(temporary, "w", newline="") as file:
        table = csv.DictWriter(file, list(rows[0]))
        table.writeheader()
        table.writerows(rows)


def traces(network: TrainedNetwork, variants: dict[str, TrainedNetwork],
           recordings: data.Recordings) -> dict[str, np.ndarray]:
    """Membrane of one neuron of the first layer under the first recording, (T,) for every variant.

    The neuron is the one, of those that fire in the network as trained, whose membranes differ most between the
    threshold and as far below 0, those apart that leak linearly and stop nowhere; all hear the same input.
    """
    s_in, theta_u = recordings.batch([0]), network.layers[0].neuron.theta_u
    fired = reference.run(network, s_in).spikes[0][0].any(axis=0)
    u = np.stack([reference.run(other, s_in, ("u",)).u[0][0] for other in variants.values()])  # (variants, T, N)
    first = [other.layers[0].neuron for other in variants.values()]
    stops = [each.decay != "linear" or each.floor is not None for each in first]
    differ = np.ptp(np.clip(u[stops], -theta_u, theta_u), axis=0).mean(axis=0)
    neuron = int(np.where(fired, differ, -1).argmax())
    return {"u": u[:, :, neuron], "names": np.array(list(variants)), "neuron": np.array(neuron),
            "dt": np.array(recordings.dt), "theta_u": np.array(theta_u)}
