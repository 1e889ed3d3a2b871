"""Each layer has fast neurons that spike and one slow memory of a few numbers that all of them hear.

Reads models/shd-regen-dmp2/seed0.npz (minutes of training): sizes, windows and decays are those of this network, not
drawn by hand. After Sun et al. 2026, figure 1b. python figures/schematic.py STEM
"""

from pathlib import Path

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from dmpnet import drawing
from dmpnet.drawing.boxes import arrow, box, sheet
from dmpnet.trained import weights
from dmpnet.trained.layer import Layer

NETWORK = Path(__file__).resolve().parent.parent / "models" / "shd-regen-dmp2" / "seed0.npz"
FAST, SLOW = 7.2, 2.2  # heights of the two pathways
STEP = 11.2  # from a layer to the next


def schematic(path: Path = NETWORK) -> Figure:
    """Layers from left to right, the fast pathway above, the slow one below."""
    network = weights.load(path)
    dt, end = 1e3 * network.encoding.dt, 3.6 + STEP * len(network.layers)
    with matplotlib.rc_context(drawing.STYLE):
        figure = Figure(figsize=(7.2, 7.2 * 10.2 / (end + 5.6)), layout="constrained")
        ax = figure.subplots()
        sheet(ax, end + 5.6, 10.2)
        box(ax, (1.8, FAST), (3.2, 3), f"input\n{network.layers[0].M} channels,\na step is\n{dt:g} ms")
        for number, layer in enumerate(network.layers, 1):
            drawn(ax, layer, number, 3.6 + STEP * (number - 1), dt)
        arrow(ax, [(end - 0.4, FAST), (end + 2.1, FAST)], f"W$_o$\n{network.classes}×{network.layers[-1].N}",
              beside=(0, 13))
        box(ax, (end + 3.8, FAST), (3.2, 3), f"readout y\n{network.classes} classes,\nmean over\nall steps")
        ax.annotate(f"{network.kind} {network.shape} on {network.encoding.dataset}, as its weights file says",
                    (end / 2 + 2.8, 10.2), ha="center", va="top", fontsize=8)
    return figure


def drawn(ax: Axes, layer: Layer, number: int, x: float, dt: float) -> None:
    """A layer that begins at x: fast neurons, slow memory below, what each hears beside the arrows; dt in ms."""
    neuron = layer.neuron
    box(ax, (x + 7.3, FAST), (6.6, 3), f"layer {number}: {layer.N} fast neurons\nu = βu + g(I$_f$ + I$_m$), "
        f"β {neuron.beta:.2f}\nspike at u ≥ {neuron.theta_u:g}, then to 0", drawing.HIGHLIGHT)
    arrow(ax, [(x - 0.1, FAST), (x + 3.9, FAST)], f"W$_f$ {layer.N}×{layer.M}\nspikes, sparse", drawing.HIGHLIGHT,
          beside=(0, 13))
    if layer.slow is None:
        return
    slow = layer.slow
    box(ax, (x + 7.3, SLOW), (6.6, 3), f"slow memory m, d = {slow.d}\nm = Ām + B̄x, both frozen\n"
        f"window θ {slow.theta:g} steps, {slow.theta * dt:g} ms\none for all {layer.N} neurons", drawing.SECOND)
    box(ax, (x + 1.6, SLOW), (3.2, 2.6), f"x\na number:\nReLU(w$_x$·s),\nw$_x$ {layer.M}", drawing.SECOND)
    arrow(ax, [(x + 1.6, FAST), (x + 1.6, SLOW + 1.5)], "", drawing.SECOND)
    arrow(ax, [(x + 3.3, SLOW), (x + 3.9, SLOW)], "", drawing.SECOND)
    arrow(ax, [(x + 7.3, SLOW + 1.7), (x + 7.3, FAST - 1.7)], f"W$_m$ {layer.N}×{slow.d}, dense", drawing.SECOND,
          beside=(5, 0))


if __name__ == "__main__":
    drawing.script(__doc__, schematic)
