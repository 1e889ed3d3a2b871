"""Data sets and weights: what is at hand, where, how large, under which licence; and how the rest is fetched.

  dmpnet data                             what is at hand of both
  dmpnet data mnist                       the official files of a data set that is offered (mnist, shd)
  dmpnet data weights                     all seeds of all networks; an installed dmpnet has the first of each
  dmpnet data weights shd-regen-dmp2      those of some
  dmpnet data weights --from clone/models
                                          from a clone, a .zip or .tar of one, or the URL of either

Checksums are checked, what fails is tried again, and a file is whole or not there. Data go into --data, else
DMPNET_DATA, else the cache folder; weights into the cache folder. DMPNET_MODELS names a further folder of weights.
"""

import argparse
import textwrap
from pathlib import Path, PurePosixPath
from typing import Any

from dmpnet import data as data_sets
from dmpnet.data import Dataset, download, folders, networks
from dmpnet.disk import shipped
from dmpnet.errors import DataError, DmpnetError, meant
from dmpnet.results import options, script, terminal

WEIGHTS = "weights"
MB = 1e6


def add(parsers) -> None:
    p = parsers.add_parser("data", description=__doc__)
    p.add_argument("what", nargs="?", metavar="WHAT", help="a data set to fetch, or weights (none: the lists)")
    p.add_argument("rows", nargs="*", metavar="ROW", help="with weights: the networks (none: all)")
    p.add_argument("--from", dest="source", default="", metavar="PLACE",
                   help="with weights: a folder, an archive or a URL of one (default: where they are published)")
    p.add_argument("--data", type=Path, metavar="FOLDER",
                   help="folder of the data sets (default: DMPNET_DATA, then the cache folder)")
    options.common(p, None, draws=False)
    p.set_defaults(execute=execute)


def execute(arguments: argparse.Namespace) -> None:
    if arguments.what != WEIGHTS and (arguments.rows or arguments.source):
        given = " ".join([*arguments.rows, *[f"--from {arguments.source}"] * bool(arguments.source)])
        raise DmpnetError(f"data: {given} is of weights, but {arguments.what or 'the lists'} is asked for; type "
                          f"`dmpnet data weights {given}`")
    script.printed("data", arguments, show)


def show(arguments: argparse.Namespace) -> dict[str, Any]:
    """Fetch what is asked for and say so, or print the lists; gives them."""
    if arguments.what == WEIGHTS:
        return {"fetched": fetched(networks.bring(arguments.rows, arguments.source, True), shipped.fetched())}
    if arguments.what is not None:
        return {"fetched": of_data_set(named(arguments.what), folders.data_folder(arguments.data))}
    base = folders.data_folder(arguments.data)
    tables = {"data": [_data(name, dataset, base) for name, dataset in data_sets.DATASETS.items()],
              "weights": [_weights(name) for name in networks.rows()]}
    print(terminal.table([{key: value for key, value in row.items() if key != "source"} for row in tables["data"]],
                         floatfmt=".1f"))
    print("\n" + textwrap.fill(f"where: in {base}; by hand: sources and layouts are in dmpnet/data/NOTICE.md", 80,
                               break_long_words=False, break_on_hyphens=False) + "\n")
    print(terminal.table(tables["weights"], floatfmt=".1f"))
    print(f"\nplaces: {', '.join(map(str, shipped.places()))}\nall weights: the licence of dmpnet; a card a network "
          f"(models/)\nsays what data it learned")
    return tables


def named(what: str) -> str:
    """The data set of that name, or whose files go by it, as those of smnist by 'mnist'."""
    families = {dataset.folders[0]: name for name, dataset in reversed(data_sets.DATASETS.items()) if dataset.mirror}
    known = families | {name: name for name in data_sets.DATASETS}
    if what not in known:
        raise DataError(f"data {what!r}{meant(what, [*known, WEIGHTS])}: no such data set, but {', '.join(known)} are, "
                        f"and {WEIGHTS}; choose one")
    return known[what]


def of_data_set(name: str, base: Path) -> list[str]:
    """Names of the files that were fetched, of all parts of a data set."""
    dataset = data_sets.DATASETS[name]
    before = set(_files(dataset, base))
    for split in dataset.files:
        if folders.find(dataset, split, base) is None:
            download.download(name, split, base)
    return fetched(sorted(set(_files(dataset, base)) - before), base)


def fetched(paths: list[Path], base: Path) -> list[str]:
    """Say what was fetched into `base`; gives the names there."""
    size = sum(path.stat().st_size for path in paths) / MB
    print(f"{len(paths)} files, {size:.1f} MB, fetched into {base}" if paths else "all of it is at hand")
    return [path.relative_to(base).as_posix() for path in paths]


def _files(dataset: Dataset, base: Path) -> list[Path]:
    """Those at hand, of all parts."""
    found = [path for split in dataset.files for path in folders.find(dataset, split, base) or ()]
    return list(dict.fromkeys(below for path in found
                              for below in ([path] if path.is_file() else path.rglob("*")) if below.is_file()))


def _data(name: str, dataset: Dataset, base: Path) -> dict[str, Any]:
    at_hand = [split for split in dataset.samples if folders.find(dataset, split, base)]
    paths = _files(dataset, base)
    where = {"dmpnet" if base not in path.parents else "." if path.parent == base else path.relative_to(base).parts[0]
             for path in paths}
    ships = where == {"dmpnet"} and "train" in at_hand
    public = (f"dmpnet data {dataset.folders[0]}" if dataset.mirror else "ships" if ships else
              "by hand" if dataset.public else "no")
    return {"data": name, "at hand": ", ".join(at_hand) or "none",
            "MB": sum(path.stat().st_size for path in paths) / MB if paths else None,
            "licence": dataset.licence.partition(" (")[0],
            "public": public,
            "where": ", ".join(sorted(where)) or None, "source": dataset.source}


def _weights(name: str) -> dict[str, Any]:
    """Of one row: what its files are called, how many are at hand, where."""
    files = networks.wanted([name])
    paths = [path for one in files if (path := shipped.at_hand(one.file))]
    homes = {shipped.folder(): "dmpnet", shipped.fetched(): "cache"}
    where = dict.fromkeys(next((told for place, told in homes.items() if path.is_relative_to(place)),
                               shipped.ENVIRONMENT) for path in paths)
    return {"weights": name, "files": len(files), "at hand": len(paths), "MB": sum(one.bytes for one in files) / MB,
            "not at hand": ", ".join(PurePosixPath(one.file).stem for one in files if not shipped.at_hand(one.file))
            or None, "where": ", ".join(where)}
