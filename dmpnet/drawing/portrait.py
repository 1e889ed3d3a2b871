"""A recording as a network lives through it, step by step."""

from pathlib import Path

import matplotlib
import numpy as np
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure

from dmpnet.drawing.inputs import arrays
from dmpnet.drawing.style import CLASSES, HIGHLIGHT, MUTED, SECOND, STYLE


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
        inset = ax.inset_axes((1.01, 0.1, 0.12, 0.88))  # beside it: no pixel is hidden
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
