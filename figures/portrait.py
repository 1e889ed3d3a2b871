"""A DMP network holds what it has read in its slow memory while the fast neurons fire sparsely.

Reads sample.npz of `dmpnet run` (one simulated recording, seconds to make). python figures/portrait.py SAMPLE.npz STEM
"""

from dmpnet import drawing
from dmpnet.drawing.portrait import portrait

if __name__ == "__main__":
    drawing.script(__doc__, portrait, "SAMPLE.npz")
