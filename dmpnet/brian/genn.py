"""A network on GeNN, by Brian2GeNN: every batch generated, compiled and run in a process of its own.

GeNN takes one model a process, and Brian2GeNN changes Brian2's preferences. It computes on the GPU where CUDA_PATH says
that there is one, which sums in an order of its own, else on the CPU.
"""

import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from dmpnet.brian import programs, recorded
from dmpnet.system.processes import children, held
from dmpnet.trained import weights
from dmpnet.trained.activity import Activity
from dmpnet.trained.network import TrainedNetwork

FIX = "check the GeNN at GENN_PATH and its compiler, or use backend='numpy'"


@programs.room()
def run(network: TrainedNetwork, pieces: Iterator[tuple[np.ndarray, int]], record: tuple[str, ...],
        done: Callable[[int], None]) -> list[Activity]:
    """Activities of batches, of each of which so many samples are kept.

    done : called with the number of samples after each piece
    """
    activities = []
    with held() as scratch, children() as started:
        weights.save(network, scratch / "network.npz")
        for piece, keep in pieces:
            folder = Path(tempfile.mkdtemp(dir=scratch))
            np.save(folder / "s_in.npy", piece)
            started.call([sys.executable, "-m", "dmpnet.brian.genn_project", str(scratch / "network.npz"), str(folder),
                          str(keep), *record], folder, "compiling and running the GeNN model", FIX)
            activities.append(recorded.loaded(folder / "activity.npz"))
            done(keep)
    return activities
