"""Figures of measured plasticity, from the file `dmpnet stdp window` wrote."""

import csv
from pathlib import Path

import matplotlib
import numpy as np
from matplotlib.figure import Figure

from dmpnet.data.sjostrom import SJOSTROM
from dmpnet.drawing.style import HIGHLIGHT, MUTED, SECOND, STYLE


def window(path: str | Path, name: str, protocol: str = "", chip: str = "on chip") -> Figure:
    """The weight changes with the order of spikes and their distance; the triplet rule's also with their frequency.

    name, protocol, chip : of the rule, what was done to the synapses, and in whose integers, as it is to be read
    Reads the table of `dmpnet stdp window`, which takes seconds to make on the numpy back end.
    """
    with open(path) as file:
        rows = list(csv.DictReader(file))
    protocols = [[row for row in rows if row["protocol"] == kind] for kind in ("window", "frequency", "on chip")]
    with matplotlib.rc_context(STYLE):
        panels = 2 if protocols[1] else 1
        figure = Figure(figsize=(3.4 * panels, 2.6), layout="constrained")
        axes = figure.subplots(1, panels, squeeze=False)[0]
        _window(axes[0], protocols[0], bare=bool(protocols[2]))
        if protocols[2]:
            _on_chip(axes[0], protocols[2], chip)
        axes[0].legend()
        axes[0].set(title=f"{name}\n{protocol}".strip())
        if protocols[1]:
            _frequency(axes[1], protocols[1], with_data="visual" in name)
    return figure


def _window(ax, rows: list[dict[str, str]], bare: bool) -> None:
    """bare : a line in place of points and closed form"""
    delta, dw = (np.array([float(row[column]) for row in rows]) for column in ("dt s", "dw"))
    ax.axhline(0, color=MUTED, lw=0.6)
    ax.axvline(0, color=MUTED, lw=0.6)
    if bare:
        ax.plot(*_sides(delta, dw), "-", lw=1.2, color=HIGHLIGHT, label="real numbers")
    else:
        ax.plot(1e3 * delta, dw, "o", ms=2.5, color=HIGHLIGHT, label="Brian2")
    if rows[0]["closed form"] and not bare:
        form = np.array([float(row["closed form"]) for row in rows])
        ax.plot(*_sides(delta, form), "-", lw=0.8, color="k", label="closed form")
    ax.set(xlabel="$t_{post} - t_{pre}$ (ms)", ylabel="weight change (1)")


def _sides(delta: np.ndarray, dw: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """dt in ms and dw for a line that is broken at dt = 0, where both spikes come in one step."""
    return 1e3 * delta, np.where(delta == 0, np.nan, dw)


def _on_chip(ax, rows: list[dict[str, str]], chip: str) -> None:
    delta, dw, spread = (np.array([float(row[column]) for row in rows]) for column in ("dt s", "dw", "spread"))
    ax.plot(1e3 * delta, dw, "s", ms=2, color=SECOND, label=f"{chip}, mean")
    time, dw = _sides(delta, dw)
    ax.fill_between(time, dw - spread, dw + spread, color=SECOND, alpha=0.2, lw=0, label="and spread")


def _frequency(ax, rows: list[dict[str, str]], with_data: bool) -> None:
    for number, (delta, colour) in enumerate(((0.01, HIGHLIGHT), (-0.01, SECOND))):
        part = [row for row in rows if float(row["dt s"]) == delta]
        ax.plot([float(row["rate Hz"]) for row in part], [float(row["dw"]) for row in part], "-o", ms=2.5,
                color=colour, label=f"{1e3 * delta:+.0f} ms")
        if with_data:
            data = [values[2 * number:2 * number + 2] for values in SJOSTROM.values()]
            ax.errorbar(list(SJOSTROM), [dw for dw, _ in data], yerr=[sem for _, sem in data], fmt="s", ms=3,
                        mfc="white", color=colour, lw=0.8)
    ax.axhline(0, color=MUTED, lw=0.6)
    ax.set(xlabel="frequency of pairs (Hz)", title="60 pairs" + "; squares: Sjöström et al. 2001" * with_data)
    ax.legend()
