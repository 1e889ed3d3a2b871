"""Learned axonal delays fill what they are allowed, and pile up at its end; with a slow memory fewer do.

Reads models/shd-regen-dsnn/seed*.npz and models/shd-regen-delays/seed*.npz (half an hour of training or more). After
Sun et al. 2026, figure 3d and extended data 3, for the one longest delay that we trained with.
python figures/learned_delays.py STEM
"""

import matplotlib
import numpy as np
from matplotlib.figure import Figure

from dmpnet import drawing
from dmpnet.disk import shipped
from dmpnet.trained import weights

LOOK = {"shd-regen-dsnn": ("DSNN, delays alone", drawing.MODELS["DSNN"], "^", -0.16),
        "shd-regen-delays": ("DMP I + delays", drawing.MODELS["DMP + delays"], "s", 0.16)}


def learned_delays() -> Figure:
    """Percent of axons by delay, a panel a layer: mean over seeds, and from the least to the most of them."""
    with matplotlib.rc_context(drawing.STYLE):
        figure = Figure(figsize=(7.0, 2.7), layout="constrained")
        axes = figure.subplots(1, 2, sharey=True)
        for name, (label, colour, marker, shift) in LOOK.items():
            networks = [weights.load(shipped.path(f"{name}/seed{seed}")) for seed in shipped.seeds(name)]
            dt, most = 1e3 * networks[0].encoding.dt, networks[0].provenance["arguments"]["delay_max"]
            for number, ax in enumerate(axes):
                counts = [np.bincount(np.asarray(network.layers[number].delay, int), minlength=most + 1)
                          for network in networks]
                share = 100 * np.array(counts) / np.sum(counts, axis=1, keepdims=True)
                mean, time = share.mean(axis=0), dt * (np.arange(most + 1) + shift)
                spread = np.abs(np.stack([share.min(axis=0), share.max(axis=0)]) - mean)
                ax.errorbar(time, mean, spread, fmt=marker, color=colour, ms=3.5, lw=0.8,
                            label=f"{label}, {len(networks)} seeds")
                ax.set(xlabel="delay (ms)", title=f"layer {number + 1}, {counts[0].sum()} axons, longest delay "
                                                  f"{dt * most:g} ms")
        for ax in axes:
            ax.axhline(100 / (most + 1), color=drawing.MUTED, lw=0.8, zorder=0)
        axes[0].set_ylabel("axons (%)")
        figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=2, title_fontsize=7,
                      title="mean over seeds, bars from least to most; line: all delays alike")
    return figure


if __name__ == "__main__":
    drawing.script(__doc__, learned_delays)
