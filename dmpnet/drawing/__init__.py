"""Figures as functions of files: nothing here simulates or imports Brian2."""

import argparse
import re
from collections.abc import Callable
from itertools import cycle
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure

from dmpnet.disk import results
from dmpnet.disk.files import read_arrays, whole_file
from dmpnet.errors import DmpnetError
from dmpnet.results import pareto, terminal
from dmpnet.results.outputs import Outputs

STYLE: dict[Any, Any] = {
    "font.size": 8, "axes.titlesize": 8, "axes.spines.top": False, "axes.spines.right": False,
    "axes.linewidth": 0.6, "lines.linewidth": 1.0, "legend.frameon": False, "legend.fontsize": 7,
    "savefig.dpi": 200, "pdf.fonttype": 42, "image.cmap": "viridis",
}
HIGHLIGHT, SECOND, MUTED = "#0072B2", "#D55E00", "#BBBBBB"  # Okabe-Ito blue and vermilion: apart for everyone
CLASSES = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#F0E442", "#000000")  # all of Okabe-Ito
MODELS = {"FSNN": SECOND, "RSNN": CLASSES[4], "DSNN": CLASSES[3], "DMP": HIGHLIGHT, "DMP + delays": CLASSES[2]}

DESIGNS = {"budget": int, "points": [{"d": int, "N": int, "W_f": int, "P": int, "m": int, "bytes": int, "nJ": float,
                                      "accuracy": float}],
           "fronts": {name: {"front": [int], "knee": (int, None)} for name in ("bytes", "nJ")}}
"""What `dmpnet codesign` tells."""


def save(figure: Figure, stem: str | Path, by: str | None = None) -> list[Path]:
    """Write figure as `stem`.png and `stem`.pdf, whole or not at all; the same figure gives the same bytes.

    by : what draws it, to be found in the files again
    """
    paths = files(stem)
    pdf = {"CreationDate": None, "Producer": None} | ({"Creator": by} if by else {})
    for path, metadata in zip(paths, ({"Software": by}, pdf), strict=True):
        with matplotlib.rc_context(STYLE), whole_file(path) as temporary:
            figure.savefig(temporary, metadata=metadata)
    return paths


def files(stem: str | Path) -> list[Path]:
    """Of a figure."""
    return [Path(f"{stem}.png"), Path(f"{stem}.pdf")]


def script(doc: str | None, draw: Callable[..., Figure], *inputs: str) -> None:
    """A figure as a command: given `inputs`, if any, and STEM, it writes what `draw` makes of them. --help is `doc`."""
    terminal.escaped()
    parser = terminal.Parser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in (*inputs, "STEM"):
        parser.add_argument(name, type=Path, help="writes STEM.png and STEM.pdf" if name == "STEM" else None)
    *given, stem = vars(parser.parse_args()).values()
    by = f"figures/{parser.prog} of dmpnet"
    try:
        Outputs(by, stem, None, files(stem), inputs=dict(zip(inputs, given, strict=True)), option="STEM",
                known=lambda path: by.encode() in path.read_bytes()).check()
        print(*drawn(lambda: save(draw(*given), stem, by), given, doc))
    except (DmpnetError, OSError) as error:
        parser.exit(2, f"{parser.prog}: {error}\n")


def drawn(draw: Callable[[], list[Path]], given: list[Path], doc: str | None) -> list[Path]:
    """The files that `draw` writes; DmpnetError if what it reads, `given` or named in `doc`, cannot be drawn."""
    try:
        return draw()
    except DmpnetError:
        raise
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError, StopIteration) as error:
        named = [*map(str, given)] or re.findall(r"\S+/\S+\.(?:json|npz|csv)", doc or "") or ["its files"]
        why = f"{error.__class__.__name__}: {' '.join(str(error).split())}"
        raise DmpnetError(f"{', '.join(named)}: cannot be drawn ({why}), but results of the kind that --help names "
                          f"can; make them again") from error


def by_variant(path: Path, **keys: Any) -> dict[str, list[dict[str, Any]]]:
    """Runs of a results file by variant, in the order of the file; keys : what a run has, and its kind."""
    found: dict[str, list[dict[str, Any]]] = {}
    for run in results.read(path, {"runs": [{"variant": str} | keys]})["runs"]:
        found.setdefault(run["variant"], []).append(run)
    return found


def arrays(path: str | Path, *names: str) -> dict[str, np.ndarray]:
    """Of an .npz file that has these, whatever else."""
    found = read_arrays(Path(path), DmpnetError, "make it again")
    if missing := set(names) - set(found):
        raise DmpnetError(f"{path}: no array {min(missing)!r}, but it is drawn; make it again")
    return found


def portrait(path: str | Path) -> Figure:
    """One recording as the network lives through it: input, spikes of every layer, slow memory, readout.

    Reads the sample.npz of `dmpnet run`, which takes one simulated recording (seconds) to make.
    """
    seen = arrays(path, "s_in", "label", "dt", "readout", "name", "spikes1")
    depth = sum(key.startswith("spikes") for key in seen)
    memories = [number for number in range(1, depth + 1) if f"m{number}" in seen]
    heights = [1.3] + [1.6] * depth + [1.0] * len(memories) + [1.5]
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(7.0, 0.7 + 0.85 * sum(heights)), layout="constrained")
        axes = figure.subplots(len(heights), 1, sharex=True, gridspec_kw={"height_ratios": heights})
        _input(axes[0], seen)
        for number, ax in enumerate(axes[1 : depth + 1], 1):
            _raster(ax, seen, number)
        for number, ax in zip(memories, axes[depth + 1 : -1], strict=True):
            _memory(ax, seen, number)
        if seen["label"].ndim:
            _classes(axes[-1], seen)
            right = (seen["logits"].argmax(axis=1) == seen["label"]).mean()
            told = f"{100 * right:.1f} % of steps as labelled"
        else:
            _readout(axes[-1], seen)
            predicted = int(np.cumsum(seen["readout"], axis=0)[-1].argmax())
            told = f"label {int(seen['label'])}, answer {predicted}"
        figure.suptitle(f"{seen['name']} in Brian2: {told}", fontsize=9)
        figure.align_ylabels()
    return figure


def _time(seen: dict[str, np.ndarray]) -> np.ndarray:
    """Start of each step in ms."""
    return np.arange(len(seen["s_in"])) * float(seen["dt"]) * 1e3


def _input(ax, seen: dict[str, np.ndarray]) -> None:
    time, s_in = _time(seen), seen["s_in"]
    if s_in.shape[1] > 1:
        _places(ax, s_in, seen, "k")
        ax.set(ylabel="input\nchannel")
        return
    ax.fill_between(time, s_in[:, 0], step="post", color="k", lw=0)
    ax.set(ylabel="pixel\nintensity", ylim=(0, 1.05))
    if len(s_in) == 784:
        image = s_in[:, 0]
        if "permutation" in seen:
            image = np.empty(784)
            image[seen["permutation"]] = s_in[:, 0]
        inset = ax.inset_axes((1.01 if "permutation" in seen else 0.005, 0.1, 0.12, 0.88))  # first rows are empty
        inset.imshow(image.reshape(28, 28), cmap="gray_r", interpolation="nearest")
        inset.set(xticks=[], yticks=[])


def _raster(ax, seen: dict[str, np.ndarray], number: int) -> None:
    spikes = seen[f"spikes{number}"]
    _places(ax, spikes, seen, HIGHLIGHT)
    ax.set(ylabel=f"layer {number}\nneuron")
    ax.set_title(f"{100 * spikes.mean():.1f} % of neurons active per step", loc="right", pad=2)


def _places(ax, values: np.ndarray, seen: dict[str, np.ndarray], colour: str) -> None:
    """A cell for each place (step, unit) of `values` (T, units), white where it is 0, SECOND below."""
    steps, units = values.shape
    most, below = float(np.abs(values).max()) or 1.0, bool((values < 0).any())
    shades = LinearSegmentedColormap.from_list("places", [SECOND] * below + ["white", colour], 255)  # odd: has a middle
    ax.imshow(values.T, cmap=shades, vmin=-most * below, vmax=most, aspect="auto", origin="lower",
              interpolation="nearest", extent=(0, steps * float(seen["dt"]) * 1e3, -0.5, units - 0.5))


def _memory(ax, seen: dict[str, np.ndarray], number: int) -> None:
    m = seen[f"m{number}"]
    time = _time(seen)
    for i, colour in zip(range(min(4, m.shape[1])), (HIGHLIGHT, SECOND, "#009E73", "#CC79A7"), strict=False):
        ax.plot(time, m[:, i], color=colour, label=f"$m_{i}$")
    ax.set(ylabel=f"slow memory\nlayer {number} (1)")
    ax.legend(ncol=4, loc="lower left", bbox_to_anchor=(0, 1), handlelength=1.2, borderaxespad=0)
    ax.set_title(f"first {min(4, m.shape[1])} of d = {m.shape[1]}", loc="right", pad=2)


def _readout(ax, seen: dict[str, np.ndarray]) -> None:
    y = np.cumsum(seen["readout"], axis=0) / np.arange(1, len(seen["readout"]) + 1)[:, None]
    label, time = int(seen["label"]), _time(seen)
    for other in range(y.shape[1]):
        if other != label:
            ax.plot(time, y[:, other], color=MUTED, lw=0.7, label="others" if other == (label == 0) else None)
    ax.plot(time, y[:, label], color=SECOND, lw=1.6, label=f"class {label} (label)")
    ax.set(ylabel="readout,\nmean so far (1)", xlabel="time (ms)", xlim=(0, time[-1] + time[1]))
    ax.legend(ncol=2, loc="lower left", bbox_to_anchor=(0, 1), borderaxespad=0)


def _classes(ax, seen: dict[str, np.ndarray]) -> None:
    """Smoothed readout of every class over the steps, on the colour of the step's label."""
    time, label, logits = _time(seen), seen["label"], seen["logits"]
    for number in range(logits.shape[1]):
        colour = CLASSES[number % len(CLASSES)]
        ax.plot(time, logits[:, number], color=colour, label=f"class {number}")
        ax.fill_between(time, 0, 1, where=label == number, step="post", color=colour, alpha=0.2, lw=0,
                        transform=ax.get_xaxis_transform())
    ax.set(ylabel="readout,\nsmoothed (1)", xlabel="time (ms)", xlim=(0, time[-1] + time[1]))
    ax.legend(ncol=6, loc="lower left", bbox_to_anchor=(0, 1), handlelength=1.2, borderaxespad=0)
    ax.set_title("background: label", loc="right", pad=2)


def codesign(path: str | Path) -> Figure:
    """Designs by what they cost and still classify: bytes on the left, energy on the right; fronts, and what to take.

    Reads results.json of `dmpnet codesign` (minutes of training).
    """
    found = results.read(path, DESIGNS)
    points, budget = found["points"], found["budget"]
    bits = list(dict.fromkeys((point["W_f"], point["P"], point["m"]) for point in points))
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(7.0, 3.2), layout="constrained")
        axes = figure.subplots(1, 2, sharey=True)
        for ax, (name, label) in zip(axes, {"bytes": "memory of all cores (kB)",
                                            "nJ": "energy of an inference, our model (nJ)"}.items(), strict=True):
            scale = 1e-3 if name == "bytes" else 1.0
            for choice, colour, mark in zip(bits, cycle(CLASSES), cycle("osD^v<>"), strict=False):
                mine = [point for point in points if (point["W_f"], point["P"], point["m"]) == choice]
                ax.plot([scale * point[name] for point in mine], [100 * point["accuracy"] for point in mine], mark,
                        color=colour, ms=4, label="W_f {}, P {}, m {} bits".format(*choice))
            front = [points[place] for place in found["fronts"][name]["front"]]
            ax.step([scale * point[name] for point in front], [100 * point["accuracy"] for point in front], "-",
                    where="post", color=MUTED, zorder=0, label="front")
            knee, best = found["fronts"][name]["knee"], pareto.best(points, budget)
            named = () if best is None else ((points[knee], "o", 10, "knee", (8, -12), "left"),
                                             (best, "s", 12, "most accurate", (-8, 8), "right"))
            for point, mark, size, what, offset, side in named:
                at = scale * point[name], 100 * point["accuracy"]
                ax.plot(*at, mark, ms=size, mfc="none", color="k", label=f"{what} within the budget")
                ax.annotate(f"d {point['d']}, N {point['N']}", at, offset, textcoords="offset points", ha=side,
                            fontsize=7)
            ax.set(xscale="log", xlabel=label)
            ax.xaxis.set_major_formatter("{x:g}")
            ax.xaxis.set_minor_formatter(lambda value, _: f"{value:g}" if f"{value:.0e}"[0] in "246" else "")
            ax.tick_params(axis="x", which="both", length=3, pad=3)
        axes[0].axvline(1e-3 * budget, color="k", lw=0.6, ls=":", label=f"budget, {budget / 1e3:g} kB")
        axes[0].set(ylabel="accuracy of the integers,\nvalidation part (%)")
        figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=3)
    return figure


def decays(path: str | Path, traces: str | Path) -> Figure:
    """Linear decay: what it costs in accuracy, and how the same neuron's membrane differs under the same input.

    Reads results.json and traces.npz of `dmpnet decay`, which take one evaluation a variant to make (seconds each).
    """
    rows = results.read(path, {"rows": [{"decay": str, "accuracy %": float, "s.e.": float}]})["rows"]
    seen = arrays(traces, "u", "names", "neuron", "dt", "theta_u")
    names = [row["decay"] for row in rows]
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(7.0, 2.8), layout="constrained")
        left, right = figure.subplots(1, 2, width_ratios=(1, 1.4))
        accuracy, error = ([row[key] for row in rows] for key in ("accuracy %", "s.e."))
        left.errorbar(accuracy, range(len(rows)), xerr=error, fmt="o", color=HIGHLIGHT, ms=4)
        left.axvline(rows[0]["accuracy %"], color=MUTED, lw=0.8, zorder=0)
        left.set(yticks=range(len(rows)), yticklabels=names, xlabel="accuracy in Brian2 (%)",
                 ylim=(len(rows) - 0.5, -0.5))
        steps = min(seen["u"].shape[1], 60)
        start = int(np.clip(np.abs(seen["u"][0]).argmax() - 5, 0, seen["u"].shape[1] - steps))
        time = (start + np.arange(steps)) * float(seen["dt"]) * 1e3
        lines = ("-", "--", ":", "-.", (0, (5, 1)), (0, (1, 1)), (0, (5, 1, 1, 1, 1, 1)))
        for (name, u), colour, line in zip(zip(seen["names"], seen["u"], strict=True), cycle(CLASSES), cycle(lines),
                                           strict=False):
            right.plot(time, u[start : start + steps], ls=line, color=colour, label=str(name))
        right.axhline(float(seen["theta_u"]), color="k", lw=0.6)
        right.annotate("threshold", (time[0], float(seen["theta_u"])), va="bottom", fontsize=7)
        right.set(xlabel="time (ms)", ylabel="membrane u after the reset (1)",
                  title=f"layer 1, neuron {int(seen['neuron'])}, the same recording")
        figure.legend(loc="outside lower center", ncols=3)
    return figure
