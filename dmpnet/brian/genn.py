"""A network on GeNN, by Brian2GeNN: every batch generated, compiled and run in a process of its own.

GeNN takes one model a process, and Brian2GeNN changes Brian2's preferences. It computes on the GPU where CUDA_PATH says
that there is one, which sums in an order of its own, else on the CPU.
"""

import importlib
import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from brian2 import set_device

from dmpnet.brian import programs
from dmpnet.brian.conversion import convert
from dmpnet.brian.standalone import loaded
from dmpnet.brian.standalone_project import save
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
            started.call([sys.executable, "-m", "dmpnet.brian.genn", str(scratch / "network.npz"), str(folder),
                          str(keep), *record], folder, "compiling and running the GeNN model", FIX)
            activities.append(loaded(folder / "activity.npz"))
            done(keep)
    return activities


def _one(file: str, folder: Path, keep: int, record: tuple[str, ...]) -> None:
    """Run folder/s_in.npy on the network of `file`; leaves folder/activity.npz."""
    importlib.import_module("brian2genn")  # makes the device known
    set_device("genn", directory=str(folder / "model"), use_GPU=bool(os.environ.get("CUDA_PATH")))
    converted = convert(weights.load(file), np.load(folder / "s_in.npy"), record=record)
    converted.run(converted.duration, namespace={})
    save(converted.activity(keep), folder / "activity.npz")


if __name__ == "__main__":
    os.umask(0o077)
    _one(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), tuple(sys.argv[4:]))
