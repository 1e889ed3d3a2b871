"""Few bits and few neurons first: on the front of accuracy against bytes and energy, wide words come last [our model].

Reads analyses/results/codesign.json, the results.json of dmpnet codesign (minutes of short trainings of shd-regen).
python figures/codesign.py STEM
"""

import sys
from pathlib import Path

from dmpnet import drawing

RESULTS = Path(__file__).resolve().parent.parent / "analyses" / "results"

if __name__ == "__main__":
    print(*drawing.save(drawing.codesign(RESULTS / "codesign.json"), sys.argv[1]))
