"""Options that commands and analyses share, and what they print of a test."""

import argparse
import json
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from dmpnet import data as data_sets
from dmpnet.brian.backends import BACKENDS, GENN
from dmpnet.data import Recordings
from dmpnet.data.folders import SUBSET
from dmpnet.errors import DmpnetError
from dmpnet.graph.graph import Graph
from dmpnet.results import ledger, reading, validation
from dmpnet.results.matching import check_match
from dmpnet.results.reading import first_split, part
from dmpnet.results.script import parser
from dmpnet.trained import weights
from dmpnet.trained.network import TrainedNetwork

QUICK = Path("quick")
"""Where results of --quick go, unless told."""
SEEDS = 2**32
BYTES = {"": 1, "b": 1, "kb": 1000, "mb": 10**6, "kib": 1 << 10, "mib": 1 << 20}


def common(parser: argparse.ArgumentParser, out: str | None, draws: bool = True) -> None:
    """--out, which every command has, and --seed, which those have that draw anything at random.

    out : default of --out, None writes nothing unless asked
    """
    if draws:
        parser.add_argument("--seed", type=seed, default=0, help="seed of every random draw (default: 0)")
    parser.add_argument("--out", type=Path, default=Path(out) if out else None,
                        help=f"where results go (default: {out or 'only the screen'})")


def seed(text: str) -> int:
    """A seed as NumPy and PyTorch both take it."""
    if not text.isdecimal() or int(text) >= SEEDS:
        raise argparse.ArgumentTypeError(f"{text!r}, but a seed is a whole number from 0 to {SEEDS - 1}; set one")
    return int(text)


def count(least: int) -> Callable[[str], int]:
    """The type of an option that counts: a whole number from `least` on."""
    def whole(text: str) -> int:
        if not text.isdecimal() or int(text) < least:
            raise argparse.ArgumentTypeError(f"{text!r}, but it counts; give a whole number from {least} on")
        return int(text)

    return whole


def samples(parser: argparse.ArgumentParser, what: str = "samples", default: int | None = None) -> None:
    """--samples: how many, drawn; 'all' is None."""
    parser.add_argument("--samples", type=_some, default=default, metavar="N",
                        help=f"so many {what}, drawn by --seed, of each class as many; or all (default: "
                             f"{default or 'all'})")


def _some(text: str) -> int | None:
    return None if text == "all" else count(1)(text)


def script(doc: str | None, out: str | None) -> argparse.ArgumentParser:
    """The parser of a script that reads data: its docstring, --data, --download, --seed and --out."""
    found = parser(doc)
    data(found)
    common(found, out)
    return found


def backend(parser: argparse.ArgumentParser, default: str = "numpy") -> None:
    why = ", which compiles nothing" if default == "numpy" else ""
    parser.add_argument("--backend", default=default, metavar="NAME",
                        help=f"Brian2 back end: {', '.join(BACKENDS)}, {GENN} (default: {default}{why})")
    parser.add_argument("--processes", type=count(1), default=1, metavar="N",
                        help="compiled binaries to run side by side (cpp_standalone; default: 1)")


def workers(parser: argparse.ArgumentParser, what: str) -> None:
    """--processes and --scheduler, of what sweeps."""
    parser.add_argument("--processes", type=count(1), default=1, metavar="N", help=f"{what} side by side (default: 1)")
    scheduler(parser, what)


def scheduler(parser: argparse.ArgumentParser, what: str) -> None:
    """--scheduler, of what sweeps."""
    parser.add_argument("--scheduler", metavar="ADDRESS", help=f"{what} on the workers of this Dask scheduler, e.g. "
                        "tcp://HOST:8786 (extra: cluster; docs/sweep.md)")


def data(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--data", type=Path, metavar="FOLDER",
                        help="folder with the official files (default: DMPNET_DATA, then the cache folder)")
    parser.add_argument("--download", action="store_true", help="fetch missing files from the official mirror first")


def data_of_network(parser: argparse.ArgumentParser) -> None:
    """--data, --download and --dataset, of what reads the data set of a network."""
    data(parser)
    parser.add_argument("--dataset", dest="instead", metavar="NAME", help="read this data set in place of the one the "
                        "network was trained on, e.g. shd, which is public, for shd-regen")


def to_ledger(parser: argparse.ArgumentParser) -> None:
    """--ledger: where a look at a test set is written down."""
    parser.add_argument("--ledger", type=Path, metavar="FILE", help="where a look at a test set is written down "
                        "(default: models/ledger.csv of a clone, else a file of your own)")


def look(parser: argparse.ArgumentParser) -> None:
    """--look, of what reads the validation part unless told, and --ledger."""
    parser.add_argument("--look", action="store_true",
                        help="read the test set, which the ledger counts, not the validation part")
    to_ledger(parser)


def quick(parser: argparse.ArgumentParser, told: str, /, **small: Any) -> None:
    """--quick: a small version of a result, by a few numbers of a script's own.

    told : what is less, for --help;  small : values of options, and of what is none, where nothing else is given; few:
        how many samples `few` leaves
    """
    parser.add_argument("--quick", action=Quick, nargs=0, small=small, default=False, help="a small version, "
                        f"marked as one, to see how it is made, in {QUICK}/ unless told: {told}; looks at no test set")


class Quick(argparse.Action):
    """Puts small numbers where nothing else was given; what is given afterwards takes their place."""

    def __init__(self, *arguments: Any, small: dict[str, Any], **more: Any):
        super().__init__(*arguments, **more)
        self.small = small

    def __call__(self, parser: argparse.ArgumentParser, namespace: argparse.Namespace, *_: Any) -> None:
        out = parser.get_default("out")
        for key, value in (self.small | ({"out": QUICK / out.name} if out else {})).items():
            if getattr(namespace, key, None) == parser.get_default(key):
                setattr(namespace, key, value)
        namespace.quick = True


def few(arguments: argparse.Namespace, recordings: Recordings) -> Recordings:
    """All of them; with --quick a few, of each class as many."""
    return part(recordings, arguments.few, 0) if arguments.quick else recordings


def shown(arguments: argparse.Namespace, network: TrainedNetwork | Graph, split: str = "test") -> Recordings:
    """The part `split` of what `network` reads; with --quick a few samples of its validation part."""
    if arguments.quick:
        return few(arguments, validation.part(network, training_set(arguments, network)))
    return data_sets.load(network.encoding.dataset, split, arguments.data, permutation=network.encoding.permutation)


def learned(arguments: argparse.Namespace, network: TrainedNetwork, train: Recordings) -> Recordings:
    """What `network` is trained on with: the whole training set; with --quick a few of what it was trained on."""
    return few(arguments, train.take(validation.split(network, train)[0])) if arguments.quick else train


def part_of(arguments: argparse.Namespace) -> str:
    """What is read: 'validation', with --look 'test'."""
    return "test" if arguments.look else validation.VALIDATION


def judged(arguments: argparse.Namespace, network: TrainedNetwork, train: Recordings) -> Recordings:
    """What `network` is judged by: the samples of `train` that it was trained without, with --look the test set."""
    if not arguments.look:
        return few(arguments, validation.part(network, train))
    return data_sets.load(train.name, "test", arguments.data, arguments.download, permutation=train.permutation)


def only_looks(arguments: argparse.Namespace, why: str) -> None:
    """DmpnetError without --look, of what only a test set can tell; --quick has its own in place of it."""
    if not arguments.look and not arguments.quick:
        raise DmpnetError(f"{why}; add --look, which is counted")


def no_choice(arguments: argparse.Namespace, search: str) -> None:
    """DmpnetError if `search`, which chooses by what it is shown, is to be shown a test set."""
    if arguments.look or getattr(arguments, "split", None) in ledger.TEST:
        raise DmpnetError(f"{search}: it chooses by what it is shown, but nothing is chosen by a test set; leave "
                          f"--look out, and look with what was chosen afterwards")


def plastic_chip(parser: argparse.ArgumentParser) -> None:
    """--chip, --set and --decay: a plasticity rule in a chip's integers."""
    parser.add_argument("--chip", metavar="CHIP", help="a chip that learns, whose integers weights and traces are: "
                                                       "learning, ideal or a .toml (default: real numbers)")
    parser.add_argument("--set", nargs="+", default=[], metavar="KEY=VALUE",
                        help="numbers of the chip to change, e.g. plasticity.w.bits=4")
    parser.add_argument("--decay", choices=("shift", "linear"), help="of traces (default: the first the chip has)")


def size(text: str) -> int:
    """'20kB', '1.5 MB', '16KiB' or '20000' in bytes."""
    match = re.fullmatch(r"\s*([0-9.]+)\s*([A-Za-z]*)\s*", text)
    try:
        number = round(float(match[1]) * BYTES[match[2].lower()]) if match else 0
    except (KeyError, ValueError):
        number = 0
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text!r}, but a size is a number of bytes, e.g. 20kB, 1.5MB or 16KiB")
    return number


def settings(given: list[str]) -> dict[str, Any]:
    """KEY=VALUE of --set as numbers, words and lists."""
    values = {}
    for setting in given:
        key, equals, value = setting.partition("=")
        if not equals:
            raise DmpnetError(f"--set {setting}: no value; write KEY=VALUE, e.g. words.m.bits=6")
        if key in values:
            raise DmpnetError(f"--set {setting}: {key} is set to {values[key]} before; give it once")
        try:
            values[key] = json.loads(value)
        except json.JSONDecodeError:
            values[key] = value
    return values


def network(name: str) -> TrainedNetwork:
    """The network in file `name`, or the shipped one of that name."""
    return weights.named(name)


def verdict(mismatched: Sequence[int], compared: Sequence[int]) -> int:
    """Exit code: 1, which is also said, if a place of Brian2 differs from the reference."""
    if not any(mismatched):
        return 0
    print(f"{sum(mismatched):,} of {sum(compared):,} places differ between Brian2 and the reference: exit code 1")
    return 1


def recordings(arguments: argparse.Namespace, network: TrainedNetwork | Graph, split: str | None) -> Recordings:
    """--samples of what `network` was trained to read, drawn by --seed, checked against it.

    split : test where a folder is given or its files are there, else what ships with dmpnet, if None; of this without
        those that --calibration chose by
    """
    name = reading.data_set(arguments, network.encoding.dataset)
    split = split or first_split(getattr(arguments, "instead", None) or name, arguments.data, arguments.download)
    held_out = split == validation.VALIDATION
    chosen = reading.load(arguments, name, "train" if held_out else split, network.encoding.permutation)
    chosen = validation.part(network, chosen) if held_out else chosen
    if getattr(arguments, "split", None) == SUBSET and "calibration" in arguments:
        chosen = reading.apart(arguments, chosen, arguments.calibration)[1]
    chosen = part(chosen, arguments.samples, arguments.seed)
    check_match(network, chosen)
    return chosen


def training_set(arguments: argparse.Namespace, network: TrainedNetwork | Graph) -> Recordings:
    """The whole training set that `network` was trained on a part of."""
    name = reading.data_set(arguments, network.encoding.dataset)
    return reading.load(arguments, name, "train", network.encoding.permutation)


def calibration(arguments: argparse.Namespace, network: TrainedNetwork | Graph) -> np.ndarray:
    """s_in of --calibration samples that integers are chosen by: of the training set, or with --split subset of what
    ships."""
    if arguments.split != SUBSET:
        return training_set(arguments, network).drawn(arguments.calibration, arguments.seed)
    name = reading.data_set(arguments, network.encoding.dataset)
    ships = reading.load(arguments, name, SUBSET, network.encoding.permutation)
    return reading.apart(arguments, ships, arguments.calibration)[0].batch(slice(None))


def check_data(arguments: argparse.Namespace, network: TrainedNetwork | Graph, *splits: str) -> None:
    """MissingData before any work if the files of these parts are not there."""
    name = reading.data_set(arguments, network.encoding.dataset)
    for split in splits:
        reading.check(arguments, name, "train" if split == validation.VALIDATION else split)


def called(weights: str) -> str:
    """What the ledger calls what was given as `weights`: the file, wherever it lies, or the shipped name."""
    return Path(weights).name if Path(weights).suffix else weights


def compared_on(arguments: argparse.Namespace, network: TrainedNetwork | Graph) -> Recordings:
    """`recordings` of `compared_part`."""
    return recordings(arguments, network, compared_part(arguments))


def compared_part(arguments: argparse.Namespace) -> str:
    """--split: the validation part unless told, with --look the test set; what ships of it is a look by its name."""
    split = arguments.split or part_of(arguments)
    if split == "test" and not arguments.look:
        raise DmpnetError(f"--split {split}: this is a look at a test set, which is counted; add --look, or leave both "
                          f"out for the validation part")
    return str(split)
