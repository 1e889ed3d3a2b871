"""Puts the tables of results into README and docs, and writes the cards of the networks that ship.

A table is a function of result files (models/*/seed*.json, analyses/results/*.json) and takes the place of the one that
begins with the same column. A card is one of weights, records and the ledger. tests/test_readme.py fails while anything
else is shown.

python analyses/readme.py            (--check only says whether they are shown)
"""

import re
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from constrained import NAMES, TRAINED
from few_bits import summary as of_few_bits
from hierarchy import summary as of_hierarchies
from learned_on_chip import LINES
from sizes import ROWS as SIZED
from tried import shown as of_tried
from variants import summary as of_variants

from dmpnet.disk import results, shipped
from dmpnet.disk.files import whole_file
from dmpnet.drawing import catalogue
from dmpnet.errors import DmpnetError
from dmpnet.graph import networks
from dmpnet.hardware import cores
from dmpnet.results import differences, folds, script, table
from dmpnet.results.losses import AS_TRAINED, losses, over_seeds
from dmpnet.training import card

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "analyses" / "results"


def runs(name: str) -> list[dict[str, Any]]:
    """Of an analysis."""
    return results.read(RESULTS / f"{name}.json", {"runs": [dict]})["runs"]


def convolutions() -> str:
    """The graphs that ship, on the whole test part in Brian2."""
    lines = []
    for name in shipped.names("graphs"):
        found = table.results(name, shipped.folder() / "graphs", parameters=int, rates=list, samples=int)
        graph = networks.named(name)
        rates = np.mean([run["rates"] for run in found], axis=0)
        lines.append({"graph": f"`{name}`", "units": graph.shape, "numbers": f"{found[0]['parameters']:,}",
                      "seeds": str(len(found)),
                      "test %": table.percent(*table.mean_and_error([run["accuracy_brian2"] for run in found])),
                      "active %": table.active(rates)})
    return table.markdown(lines)


def decays() -> str:
    """What linear decay loses, swapped in and trained on."""
    found = [line | {"is": line["decay"] == AS_TRAINED} for line in losses(runs("decays"))]
    return table.markdown([{"network": f"`{line['row']}`", "decay": line["decay"], "seeds": str(line["seeds"]),
                            "test %": f"{line['accuracy %']:.2f}",
                            "points lost": "" if line["is"] else f"{line['lost']:+.2f}",
                            "95 %": "" if line["is"] else "every answer the same" if np.isnan(line["low"])
                            else f"{line['low']:+.2f} to {line['high']:+.2f}"} for line in found])


def parts() -> str:
    """What each part of DMP II does."""
    return table.markdown([{"DMP II on shd-regen": line["variant"], "seeds": str(line["seeds"]),
                            "test %": table.percent(line["test %"], line["s.e.m."]),
                            "memory cut off afterwards %": "" if cut is None else f"{cut:.2f}",
                            "active %": line["active %"], "dimensions that m fills": line["rank of m"]}
                           for line in of_variants(runs("variants_ablation"))
                           for cut in [line["memory cut afterwards %"]]])


def hierarchies() -> str:
    """What slow memories of several blocks buy on a long sequence."""
    return table.markdown([{"slow memory of a layer": line["slow memory of a layer"], "seeds": str(line["seeds"]),
                            "parameters": f"{line['parameters']:,}",
                            "test %": table.percent(line["test %"], line["s.e.m."]), "active %": line["active %"]}
                           for line in of_hierarchies(runs("hierarchy"))])


def integers() -> str:
    """What a chip's integers cost, mean over seeds; what was trained on stands under what was only rounded."""
    found = sorted((line for line in over_seeds(runs("constrained")) if line["lost"]),
                   key=lambda line: (line["row"], NAMES.index(line["setting"].removesuffix(TRAINED)), line["setting"]))
    return lost(found, ("network", "in integers", "test %"))


def lost(lines: list[dict[str, Any]], headers: tuple[str, str, str]) -> str:
    """Lines of `over_seeds`, the columns of row, setting and accuracy called by `headers`, '' for none."""
    row, setting, accuracy = headers
    shown = [{row: "`{}`{}{}".format(*line["row"].partition(", ")), setting: line["setting"],
              "seeds": str(line["seeds"]), accuracy: f"{line['accuracy %']:.2f}",
              "points lost (95 %, over seeds)": line["lost"]} for line in lines]
    return table.markdown([{name: cell for name, cell in line.items() if name} for line in shown])


def convolutions_in_integers() -> str:
    """What a chip's integers cost a convolutional network, mean over seeds."""
    return lost(over_seeds(runs("constrained_graphs")), ("", "`nmnist-conv-dmp` on `dmp-camera`", "validation %"))


def few() -> str:
    """What words below eight bits cost, trained on in them, paired over seeds."""
    return table.markdown([{"all of these words": FEW[line["chip"]], "seeds": str(line["seeds"]),
                            "test %": f"{line['accuracy %']:.2f}",
                            "points lost (95 %)": line.get("lost, as trained", ""),
                            "against 8 bits (95 %)": line.get("lost, dmp-256", ""),
                            "rates moved, layer 1, 2": line.get("rates moved", "")}
                           for line in of_few_bits(runs("few_bits"))])


FEW = {"as trained": "as trained, real numbers", "dmp-256": "8 bits, m 16, trained on as long",
       "dmp-4bit": "4-bit W_f, P, nu and m (`dmp-4bit`)", "dmp-ternary": "ternary weights (`dmp-ternary`)"}


def learning() -> str:
    """What few bits and linear traces leave of learning digits."""
    found = sorted(runs("learned_on_chip"), key=lambda run: list(LINES).index(run["line"]))
    return table.markdown([{"weights and traces": run["line"], "test %": f"{run['accuracy']:.2f}",
                            "writes of a weight": f"{run['writes']['mean']:.1f}" if "writes" in run else "-"}
                           for run in found])


def unheard() -> str:
    """How rows do with speakers that they never heard, beside DMP II with its memory on the current and on the gain."""
    gain = {line["row"]: folds.ahead(line) for line in folds.found("shd-regen-dmp2-gain")}
    return table.markdown([line | {"six folds of speakers": f"`{line['six folds of speakers']}`",
                                   "on the gain ahead (95 %)": gain[line["six folds of speakers"]]}
                           for line in folds.shown(folds.found())])


def changed() -> str:
    """DMP II with one thing changed, in the folds of speakers that it was trained in."""
    return table.markdown([{"DMP II, unheard speakers": line["variant"], "folds": str(line["folds"]),
                            "seeds": str(line["seeds"]), "accuracy %": f"{line['accuracy %']:.2f}",
                            "DMP II there %": f"{line['DMP II %']:.2f}",
                            "points less (95 %)": f"{line['less']:.2f} ({line['from']:.2f} to {line['to']:.2f})"}
                           for line in folds.variants(runs("folds"))])


def tried() -> str:
    """What recipes came to on samples held out."""
    return table.markdown([{"tried for": f"`{line['row']}`"} | {key: line[key] for key in list(line)[1:]}
                           for line in of_tried(runs("tried"))])


def sizes() -> str:
    """What networks of every kind come to at a few sizes."""
    found = runs("sizes")
    return table.markdown([{"test % with at most": f"`{row}`"} | {
        f"{size:,} parameters": "came apart" if "diverged" in run else f"{run['accuracy_brian2']:.2f}"
        for size in sorted({run["size"] for run in found})
        for run in found if (run["row"], run["size"]) == (row, size)} for row in SIZED])


BAND = {"median": float, "low": float, "high": float}


def banded(values: dict[str, float]) -> str:
    """'2.1 (0.92 to 7.4)'; one number where all are the same."""
    median, low, high = (f"{values[key]:,.2g}" if values[key] < 10 else f"{values[key]:,.0f}"
                         for key in ("median", "low", "high"))
    return median if low == high else f"{median} ({low} to {high})"


def beside_the_core() -> str:
    """Other cores over the DMP core, on the same spikes."""
    columns = ("cycles", "energy", "energy on chip", "area")
    found = results.read(RESULTS / "cores.json", {"over ours": {str: dict.fromkeys(columns, BAND)}})["over ours"]
    return table.markdown([{"over the DMP core": cores.CORES[name].TITLE} | {
        key: banded(line[key]) for key in columns} for name, line in found.items()])


def claims() -> str:
    """What claims of the paper are worth by our model."""
    found = results.read(RESULTS / "cores.json", {"claims": [
        {"claim": str, "unit": str, "verdict": str, "why": str} | BAND]})["claims"]
    return table.markdown([{"claim": line["claim"], "ours": f"{banded(line)} {line['unit']}",
                            "verdict": line["verdict"], "why": line["why"]} for line in found])


def narrow() -> str:
    """What few bits of V leave of networks that decay linearly."""
    return lost([line for row, file in NARROW.items() for line in over_seeds(
        [run | {"row": row, "accuracy": 100 * run["accuracy"]} for run in runs(file)])],
        ("network", "membrane", "validation %"))


NARROW = {"shd-regen-dmp2-linear": "narrow_membranes", "shd-regen-dmp2, swapped": "narrow_membranes_swapped"}


def listed(first: str) -> str:
    """A table of figures/README.md, by its first column."""
    return table.markdown(catalogue.lists()[first])


def placed(text: str, shown: str) -> str:
    """`text` with the table `shown` in place of the one that begins with the same two columns."""
    first, second = (cell.strip() for cell in shown.split("|")[1:3])
    found, places = re.subn(rf"^\| {re.escape(first)} +\| {re.escape(second)} .*\n(\|.*\n)+", lambda _: shown + "\n",
                            text, count=1, flags=re.M)
    if not places:
        raise DmpnetError(f"no table begins with the columns {first}, {second}; put its first line where it is due")
    return found


TABLES: dict[str, tuple[Callable[[], str], ...]] = {
    "README.md": (table.headline,),
    "docs/results.md": (table.summary, differences.summary, unheard, convolutions, decays, parts, changed,
                        hierarchies, tried, sizes),
    "figures/README.md": tuple(partial(listed, first) for first in ("figure", "ours", "looked at")),
    "docs/chip.md": (integers, few, convolutions_in_integers, beside_the_core, claims, narrow),
    "docs/learning.md": (learning,)}
"""By the file that shows them."""


def written() -> Iterator[tuple[Path, str]]:
    """Every file with a table, every card, and what it is to say."""
    for name, tables in TABLES.items():
        text = (ROOT / name).read_text()
        for shown in tables:
            text = placed(text, shown())
        yield ROOT / name, text
    for row in table.rows():
        folder = ROOT / "models" / row
        if table.results(row, folder.parent):
            yield folder / "README.md", card.text(folder)


def main() -> None:
    parser = script.parser(__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit code 1 if a file is to change")
    arguments, stale = parser.parse_args(), False
    for path, text in written():
        if path.read_text() == text:
            continue
        stale = True
        if not arguments.check:
            with whole_file(path) as temporary:
                temporary.write_text(text)
    if arguments.check:
        raise SystemExit(int(stale))


if __name__ == "__main__":
    script.told(main)
