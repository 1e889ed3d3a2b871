"""For a byte, neurons buy more accuracy than bits do: a first, small sweep of short trainings [energy is our model's].

Reads analyses/results/codesign.json, the results.json of `dmpnet codesign --epochs 4 --d 2 --N 32 64 --bits 8:8:16
4:4:8 --calibration 30 --measured 400` on shd-regen (minutes).
python figures/codesign.py STEM
"""

from pathlib import Path

from dmpnet import drawing
from dmpnet.drawing.codesign import codesign

RESULTS = Path(__file__).resolve().parent.parent / "analyses" / "results"

if __name__ == "__main__":
    drawing.script(__doc__, lambda: codesign(RESULTS / "codesign.json"))
