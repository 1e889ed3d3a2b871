"""What does a network lose if its membranes leak by subtraction: at once, with a floor, and after retraining?

Every seed of every row that has a partner NAME-linear, in Brian2: as trained; with linear decay put in its place, in
membranes without a floor and in membranes whose lam and floor were chosen together on the validation part (the same
for all seeds of a row; DECAYS_CHOSEN holds what every choice came to there); the nearest bit shift; and the partner,
which went on from there for some epochs with linear decay, lam learned. Beside it the control: exponential decay that
went on in the same way for as long, which is what retraining alone brings. On the validation part, with --look on the
whole test set, to another file.

python analyses/decays.py --data FOLDER      (a seed about 3 minutes, of S-MNIST 20; goes on where it was)
"""

import argparse
from dataclasses import replace
from pathlib import Path

from tabulate import tabulate

from dmpnet import data
from dmpnet.brian.backends import check_backend
from dmpnet.commands.decay import line
from dmpnet.disk import shipped
from dmpnet.equations import decay
from dmpnet.results import answers, options, provenance, script
from dmpnet.results.evaluation import evaluate
from dmpnet.results.losses import AS_TRAINED, CONTROL, RETRAINED, losses
from dmpnet.trained import swap, weights
from dmpnet.trained.network import TrainedNetwork
from dmpnet.training import swapping
from dmpnet.training.recipes import RECIPES, begun
from dmpnet.training.trainer import Trainer


def main() -> None:
    partners = [name for name in shipped.names() if f"{name}-linear" in shipped.names()]
    parser = options.script(__doc__, None)
    options.look(parser)
    parser.add_argument("--rows", nargs="+", default=partners, choices=partners, metavar="NAME")
    parser.add_argument("--runs", type=Path, default=Path("decays.run"), help="folder for the controls' checkpoints")
    options.samples(parser)
    parser.add_argument("--swapped-only", action="store_true", help="nothing that was trained on")
    options.backend(parser, "cpp_standalone")
    options.quick(parser, "two rows, seed 0, 20 samples, controls trained on for an epoch on 100",
                  few=100, samples=20, rows=["shd-regen-dmp2", "nmnist-dmp2"],
                  backend="numpy")
    arguments = script.parsed(parser, "decays", "analyses/results/decays{part}.json")
    check_backend(arguments.backend, arguments.processes)
    runs = provenance.Runs(arguments.out, "decays", script.given(arguments))
    runs.check(part=options.part_of(arguments))
    searches = provenance.Runs(arguments.out.with_name("decays_chosen.json"), "decays", script.given(arguments))
    for row in arguments.rows:
        train, seeds = None, shipped.seeds(row)[:1 if arguments.quick else None]
        for seed in seeds:
            before = weights.load(shipped.path(f"{row}/seed{seed}"))
            train = train or options.training_set(arguments, before)
            search(searches, row, seed, before, train, arguments.samples if arguments.quick else swapping.MOST)
        for seed in seeds:
            measure(arguments, runs, row, seed, train, chosen(searches, row))
    print(tabulate(losses(runs.done), headers="keys", floatfmt=".2f"))


def search(searches: provenance.Runs, row: str, seed: int, network: TrainedNetwork, train: data.Recordings,
           most: int) -> None:
    """What every rule and floor comes to on the validation part of one seed, unless it is there already."""
    if not searches.has(row=row, seed=seed):
        found = swapping.search(network, train, f"{row} {seed}", most)
        searches.add({"row": row, "seed": seed, "validation %": [[*choice, value] for choice, value in found.items()]})


def chosen(searches: provenance.Runs, row: str) -> swapping.Choice:
    """The rule and floor of a row: best on the validation parts, mean over its seeds."""
    return swapping.best([{(rule, floor): value for rule, floor, value in run["validation %"]}
                          for run in searches.done if run["row"] == row])


def measure(arguments: argparse.Namespace, runs: provenance.Runs, row: str, seed: int, train: data.Recordings,
            choice: swapping.Choice) -> None:
    """What is not yet there of one seed of a row."""
    before = weights.load(shipped.path(f"{row}/seed{seed}"))
    rule, floor = choice
    variants = {AS_TRAINED: before, "exponential, floor": swap.floored(before, floor),
                "linear, no floor": swap.linear(before, decay.slope_at_threshold),
                "linear, chosen": swap.linear(before, decay.RULES[rule], floor),
                "bit shift, nearest": swap.shift(before)}
    if seed in shipped.runs(f"{row}-linear") and not arguments.swapped_only:
        variants |= {RETRAINED: weights.load(shipped.path(f"{row}-linear/seed{seed}")), CONTROL: before}
    missing = [variant for variant in variants if not runs.has(row=row, seed=seed, decay=variant)]
    if not missing:
        return
    judged = options.part(options.judged(arguments, before, train), arguments.samples, 0)
    for variant in missing:
        network = variants[variant] if variant != CONTROL else control(
            row, before, options.learned(arguments, before, train), arguments.runs / f"{row}-{seed}",
            1 if arguments.quick else None)
        named = "" if variant in (AS_TRAINED, RETRAINED) else f"{row}, {variant}"
        result = evaluate(network, judged, arguments.backend, judged.split, arguments.processes, named,
                          arguments.ledger)
        runs.add({"row": row, "seed": seed, "part": options.part_of(arguments)}
                 | line(variant, network, result, judged, None)
                 | {"right": answers.record(result.predictions, judged)})
        print(row, seed, variant, f"{result.accuracy:.2f} %", flush=True)


def control(row: str, network: TrainedNetwork, train: data.Recordings, folder: Path,
            epochs: int | None) -> TrainedNetwork:
    """`network` trained on as its partner was, or for `epochs`, with exponential decay and no floor."""
    seed = network.provenance["arguments"]["seed"]
    recipe, _ = begun(f"{row}-linear", replace(RECIPES[f"{row}-linear"], seed=seed))
    beta = network.layers[0].neuron.beta
    recipe = replace(recipe, **{"epochs": epochs, "coarse_epochs": 0} if epochs else {})
    return Trainer(replace(recipe, decay="exponential", beta=beta, floor=None), train, folder,
                   f"{row}, trained on as it is", start=network).finished()


if __name__ == "__main__":
    script.told(main)
