"""A chip's description: begin a new one after another, check it, list all of its keys, or map a network's words.

`dmpnet chip new NAME` writes NAME.toml, which has all of its base until something is changed; `dmpnet chip check FILE`
says what is wrong with a description, or what it changes in its base; `dmpnet chip keys` prints every key, what it may
be and what it is (docs/chip-file.md). `dmpnet chip map NETWORK` says where its cores hold every array, and with --out
where every word: core, bank, row and bit (dmpnet/hardware/addresses.py).
"""

import argparse
import csv
from pathlib import Path
from typing import Any

from dmpnet.errors import DmpnetError
from dmpnet.hardware import addresses, chip, chip_keys
from dmpnet.results import outputs, provenance, script, terminal
from dmpnet.trained import weights
from dmpnet.trained.network import TrainedNetwork


def add(parsers) -> None:
    p = parsers.add_parser("chip", description=__doc__)
    tasks = p.add_subparsers(title="tasks", metavar="TASK", required=True)
    new = tasks.add_parser("new", help="begin a description")
    new.add_argument("name", metavar="NAME", help="of the chip, and of its file")
    new.add_argument("--base", default="dmp", metavar="CHIP", help=f"description (.toml), or one of "
                     f"{', '.join(chip.names())} (default: dmp)")
    new.set_defaults(execute=begun)
    check = tasks.add_parser("check", help="check a description")
    check.add_argument("file", metavar="FILE", help="description (.toml), or the name of a chip that ships")
    check.set_defaults(execute=checked)
    of = tasks.add_parser("map", help="where a network's words lie")
    of.add_argument("network", metavar="FILE", help="weights file, or the name of a shipped network")
    of.add_argument("--chip", default="dmp-256", metavar="CHIP", help="description, or a chip that ships "
                    "(default: dmp-256)")
    of.add_argument("--out", type=Path, help="a .csv of every word (default: arrays, on the screen)")
    of.set_defaults(execute=mapped)
    tasks.add_parser("keys", help="list all keys").set_defaults(execute=listed)


def begun(arguments: argparse.Namespace) -> None:
    """Write a description, if there is none."""
    out = Path(arguments.name).with_suffix(".toml")
    text = chip_keys.new(out.stem, arguments.base)
    try:
        with open(out, "x") as file:
            file.write(text)
    except FileExistsError as error:
        raise DmpnetError(f"{out}: it is there already, and is not written over; give another name") from error
    print(f"written: {out}, all as in {arguments.base}; change it, then: dmpnet chip check {out}")


def checked(arguments: argparse.Namespace) -> None:
    """What a sound description changes; DmpnetError names what is wrong with another."""
    described = chip.load(arguments.file)
    own, base = chip.own(arguments.file)
    print(f"{arguments.file}: {described.name}, {len(described.source)} numbers, each with its source")
    if base is not None:
        before, _ = chip.read(base)
        rows: list[dict[str, Any]] = [
            {"key": f"{part}.{key}", "is": _value(entry),
             f"in {Path(base).stem}": _value(before.get(part, {}).get(key)), "source": entry["source"]}
            for part, entries in own.items() if isinstance(entries, dict) for key, entry in entries.items()]
        print(f"\n{len(rows)} of them its own\n\n" + terminal.table(rows) if rows else f"all of them as in {base}")


def _value(entry: dict[str, Any] | None) -> str:
    """A number or a word in short."""
    if entry is None:
        return "-"
    if "value" in entry:
        return str(entry["value"])
    return ", ".join(f"{key} {value}" for key, value in entry.items() if key != "source")


def mapped(arguments: argparse.Namespace) -> None:
    """Print where arrays lie; with --out write where words do."""
    if arguments.out is None:
        printed(arguments)
        return
    with outputs.one_file("chip map", arguments.out, ".csv", arguments) as out:
        network, rows = printed(arguments)
        with out.staged() as folder:
            with open(folder / arguments.out.name, "w", newline="") as file:
                writer = csv.writer(file)
                writer.writerow(addresses.COLUMNS)
                writer.writerows(word for number, region in rows for word in addresses.words(number, region))
            provenance.write(folder / arguments.out.with_suffix(".json").name, provenance.record(
                "chip map", script.given(arguments), weights=network.provenance))
    print(f"written: {arguments.out}")


def printed(arguments: argparse.Namespace) -> tuple[TrainedNetwork, list[tuple[int, addresses.Region]]]:
    """The table of arrays, printed; the network, and where each array lies, by the number of its core."""
    network, described = weights.named(arguments.network), chip.load(arguments.chip)
    rows = [*addresses.of_network(network, described)]
    print(terminal.table([
        {"core": number, "bank": region.bank, "array": region.word, "words": region.count, "bits": region.bits,
         "from row, bit": "{}, {}".format(*region.place(0)), "bits a row": region.width,
         "order": region.order} for number, region in rows], intfmt=","))
    return network, rows


def listed(_: argparse.Namespace) -> None:
    """The page of all keys."""
    print(chip_keys.page(), end="")
