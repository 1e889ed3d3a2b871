"""How figures look: sizes, and colours that everyone can tell apart."""

from typing import Any

STYLE: dict[Any, Any] = {
    "font.size": 8, "axes.titlesize": 8, "axes.spines.top": False, "axes.spines.right": False,
    "axes.linewidth": 0.6, "lines.linewidth": 1.0, "legend.frameon": False, "legend.fontsize": 7,
    "savefig.dpi": 200, "pdf.fonttype": 42, "image.cmap": "viridis",
}
HIGHLIGHT, SECOND, MUTED = "#0072B2", "#D55E00", "#BBBBBB"  # Okabe-Ito blue and vermilion: apart for everyone
CLASSES = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#F0E442", "#000000")  # all of Okabe-Ito
MODELS = {"FSNN": SECOND, "RSNN": CLASSES[4], "DSNN": CLASSES[3], "DMP": HIGHLIGHT, "DMP + delays": CLASSES[2],
          "adaptive": CLASSES[5], "modes": "#5D3A9B"}
