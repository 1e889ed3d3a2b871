"""For a byte, neurons buy more accuracy than bits do: a first, small sweep of short trainings [energy is our model's].

Reads analyses/results/codesign.json, the results.json of `dmpnet codesign` on shd-regen (eight minutes).
python figures/codesign.py STEM
"""

from pathlib import Path

from matplotlib.figure import Figure

from dmpnet import drawing
from dmpnet.drawing import codesign as designs

RESULTS = Path(__file__).resolve().parent.parent / "analyses" / "results"


def codesign(path: Path = RESULTS / "codesign.json") -> Figure:
    """Of the sweep that ships."""
    return designs.codesign(path)


if __name__ == "__main__":
    drawing.script(__doc__, codesign)
