"""What points do: in a file of its own, which workers import soon."""

import os
import time
from pathlib import Path

import numpy as np


def squared(x, folder, seconds=0.0, by=1):
    """x squared; that it was worked on to its end is one byte more in a file."""
    time.sleep(seconds)
    with open(Path(folder) / f"{x}.done", "ab") as file:
        file.write(b".")
    return {"square": by * x * x, "as": (np.arange(x % 5, dtype=np.float32), np.float64(x) / 3)}


def odd_fails(x):
    if x % 2:
        raise ValueError(f"{x} is odd")
    return x


def dies(x, at, folder=None):
    """Ends its worker at one point: always, or the first time only."""
    if x == at and not (folder and (Path(folder) / "died").exists()):
        if folder:
            (Path(folder) / "died").touch()
        os._exit(7)
    return x


def picked(values, at):
    return int(values[at])
