"""One batch on Brian2GeNN, in a process of its own: NETWORK FOLDER KEEP RECORD... on the command line."""

import importlib
import os
import sys
from pathlib import Path

import numpy as np
from brian2 import set_device

from dmpnet.brian import recorded
from dmpnet.brian.conversion import built
from dmpnet.trained import weights


def run(file: str, folder: Path, keep: int, record: tuple[str, ...]) -> None:
    """Run folder/s_in.npy on the network of `file`; leaves folder/activity.npz."""
    importlib.import_module("brian2genn")  # makes the device known
    set_device("genn", directory=str(folder / "model"), use_GPU=bool(os.environ.get("CUDA_PATH")))
    converted = built(weights.load(file), np.load(folder / "s_in.npy"), record=record)
    converted.run(converted.duration, namespace={})
    recorded.save(converted.activity(keep), folder / "activity.npz")


if __name__ == "__main__":
    os.umask(0o077)
    run(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), tuple(sys.argv[4:]))
