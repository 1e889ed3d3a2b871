"""Write the card of a shipped network: whole test set in Brian2, in the reference and in PyTorch.

python models/card.py NAME --data FOLDER [--backend cpp_standalone] writes models/NAME.md and models/NAME.json.
Needs the extra `train`; takes a few minutes for the 10,000 digits.
"""

import argparse
import json
import shutil
from pathlib import Path

from tabulate import tabulate

from dmpnet import data, provenance, shipped, weights
from dmpnet.commands import options
from dmpnet.evaluation import Evaluation, evaluate
from dmpnet.files import whole_file
from dmpnet.training.verdict import predictions
from dmpnet.weights import TrainedNetwork

HERE = Path(__file__).resolve().parent


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name", help="a shipped network, or the name it is to ship under (with --weights)")
    parser.add_argument("--weights", type=Path, help="folder of a finished training run to ship under this name")
    parser.add_argument("--render", action="store_true", help="write NAME.md again from NAME.json, without evaluating")
    parser.add_argument("--backend", default="numpy")
    parser.add_argument("--processes", type=int, default=1)
    options.data(parser)
    arguments = parser.parse_args()
    if arguments.weights:
        shutil.copy(arguments.weights / "weights.npz", HERE / f"{arguments.name}.npz")
        shutil.copy(arguments.weights / "curve.csv", HERE / f"{arguments.name}.curve.csv")
    network = weights.load(shipped.path(arguments.name))
    if not arguments.render:
        test(arguments, network)
    numbers = json.loads((HERE / f"{arguments.name}.json").read_text())
    with whole_file(HERE / f"{arguments.name}.md") as temporary:
        temporary.write_text(card(arguments.name, network, numbers))
    print((HERE / f"{arguments.name}.md").read_text())


def test(arguments: argparse.Namespace, network: TrainedNetwork) -> None:
    """Evaluate on the whole test set and write NAME.json."""
    recordings = data.load(network.encoding.dataset, "test", arguments.data, arguments.download,
                           permutation=network.encoding.permutation)
    with options.bar(len(recordings), "sample", arguments.name) as bar:
        result = evaluate(network, recordings, arguments.backend, bar.update, arguments.processes)
    numbers = measured(network, recordings, result) | {"backend": arguments.backend}
    numbers["provenance"] = provenance.record("card", {"name": arguments.name}, data=recordings.source)
    provenance.write(HERE / f"{arguments.name}.json", numbers)


def measured(network: TrainedNetwork, recordings: data.Recordings, result: Evaluation) -> dict:
    """What the whole test set showed, in plain JSON types."""
    numbers = {
        "samples": len(recordings), "accuracy_brian2": result.accuracy, "accuracy_reference": result.reference_accuracy,
        "classes_differing_from_reference": int((result.predictions != result.reference_predictions).sum()),
        "places_compared": result.compared, "places_mismatched": result.mismatched, "rates": result.rates,
        "margin": result.margin, "seconds_brian2": result.seconds,
    }
    for dtype in ("float32", "float64"):
        theirs = predictions(network, recordings, dtype)
        numbers[f"accuracy_pytorch_{dtype}"] = 100 * float((theirs == recordings.labels).mean())
        numbers[f"classes_differing_from_pytorch_{dtype}"] = int((theirs != result.predictions).sum())
    return numbers


def card(name: str, network: TrainedNetwork, n: dict) -> str:
    """The card in Markdown."""
    origin, count, code = network.provenance, weights.parameters(network), network.encoding
    slow = network.layers[0].slow
    memory = f", slow memory d = {slow.d}, theta = {slow.theta:g} steps" if slow else ", no slow memory"
    recipe = {key: value for key, value in origin["arguments"].items() if value not in (0, 0.0, None)}
    facts = [
        ("network", f"{network.kind} {network.shape}{memory}"),
        ("parameters", f"{count['paper']:,} by the paper's rule; {count['trainable']:,} trainable"),
        ("data", f"{code.dataset}: {code.kind}, {code.channels} channels, {code.steps} steps of {code.dt * 1e3:g} ms"),
        ("split", f"{origin['training_samples']:,} samples trained on, {origin['validation_samples']:,} held out of "
                  f"the training set to choose the epoch, {n['samples']:,} test samples looked at once"),
        ("seed, epoch", f"{recipe.get('seed', 0)}, {origin['epoch']} of {recipe['epochs']}"),
        ("commit", str(origin["commit"])),
        ("recipe", ", ".join(f"{key} {value}" for key, value in recipe.items())),
        ("versions", ", ".join(f"{key} {value}" for key, value in origin["versions"].items())),
        ("data licence", str(origin.get("data", {}).get("licence", "see dmpnet/data/NOTICE.md"))),
    ]
    test = [
        ("validation, in training (PyTorch float32)", f"{100 * origin['validation_accuracy']:.2f} %", ""),
        ("test, PyTorch float32", f"{n['accuracy_pytorch_float32']:.2f} %",
         f"{n['classes_differing_from_pytorch_float32']} classes differ from Brian2"),
        ("test, PyTorch float64", f"{n['accuracy_pytorch_float64']:.2f} %",
         f"{n['classes_differing_from_pytorch_float64']} classes differ from Brian2"),
        ("test, NumPy reference", f"{n['accuracy_reference']:.2f} %",
         f"{n['classes_differing_from_reference']} classes differ from Brian2"),
        (f"test, Brian2 ({n['backend']})", f"**{n['accuracy_brian2']:.2f} %**",
         f"{sum(n['places_mismatched']):,} of {sum(n['places_compared']):,} spike places differ from the reference"),
    ]
    rates = ", ".join(f"{100 * rate:.2f} %" for rate in n["rates"])
    listed = "\n".join(f"- **{what}**: {fact}" for what, fact in facts)
    return (f"# {name}\n\n{listed}\n\n## Whole test set\n\n"
            f"{tabulate(test, ('', 'accuracy', 'agreement'), tablefmt='github')}\n\nNeurons active per step: {rates} "
            f"(layers 1 to {len(n['rates'])}). Closest a membrane came to its threshold: {n['margin']:.1e}.\n\n"
            f"Written by `python models/card.py {name}`; trained by `python models/train.py {name}`. Learning curve: "
            f"`{name}.curve.csv`.\n")


if __name__ == "__main__":
    main()
