"""Files of some 100 kB that would unpack to gigabytes: refused in one line, before they are unpacked."""

import struct
import subprocess
import sys
import textwrap
import zlib

import numpy as np
from data_files import (
    IMAGES,
    LABELS,
    TWO,
    beats,
    deflated,
    digits,
    letters,
    nmnist_arrays,
    no_settings,  # noqa: F401
    regenerated_arrays,
    seen,
    write_bomb,
    write_digits,
    write_official,
    write_qtdb,
)

GIGA = 10**9


def gzipped(start, size):
    """A .gz of `start` and zeros."""
    return b"\x1f\x8b\x08" + bytes(7) + deflated(start, size) + bytes(8)


def images(folder):
    """Labels beside images of which there are said to be, and are, 4 million."""
    write_digits(folder, *digits(), IMAGES + ".gz", LABELS)
    (folder / f"{IMAGES}.gz").write_bytes(gzipped(struct.pack(">4I", 2051, 4_000_000, 28, 28), 3 * GIGA))
    return "smnist"


def more_than_it_says(folder):
    """Six images and then 3 GB of zeros."""
    write_digits(folder, *digits(), IMAGES + ".gz", LABELS)
    (folder / f"{IMAGES}.gz").write_bytes(gzipped(struct.pack(">4I", 2051, 6, 28, 28), 3 * GIGA))
    return "smnist"


def said_only(folder):
    """A plain file that says it has 4 billion images."""
    write_digits(folder, *digits())
    content = (folder / IMAGES).read_bytes()
    (folder / IMAGES).write_bytes(struct.pack(">4I", 2051, 2**32 - 1, 28, 28) + content[16:])
    return "smnist"


def spoken(folder):
    write_bomb(folder / "shd_regen_test_halfms.npz", regenerated_arrays(TWO), "counts", (4_300_000, 700))
    return "shd-regen"


def silent(folder):
    """280,000 recordings without an event take 200 MB as counts, and 3.9 GB as what a network reads."""
    n = 280_000
    arrays = {"ticks": np.zeros(0, np.uint16), "labels": np.zeros(n, np.uint8), "speaker": np.zeros(n, np.uint8)}
    write_bomb(folder / "shd_regen_test_halfms.npz", arrays, "counts", (n, 700))
    return "shd-regen"


def camera(folder):
    write_bomb(folder / "nmnist_6k_1ms.npz", nmnist_arrays(seen(), [True] * 6), "code", (375_000_000,), np.int64)
    return "nmnist"


def touched(folder):
    write_bomb(folder / "braille_letters.npz", letters(), "x", (250_000_000, 1, 12))
    return "braille"


def zipped_hdf5(folder):
    (folder / "shd_test.h5.gz").write_bytes(gzipped(b"\x89HDF\r\n\x1a\n", 3 * GIGA))
    return "shd"


def speakers(folder):
    """Packed zeros in a data set of the file."""
    def change(file):
        del file["extra/speaker"]
        file.create_dataset("extra/speaker", (3 * GIGA,), np.uint8, chunks=(1000,), compression="gzip")
    write_official(folder, TWO, change=change)
    return "shd"


def large_piece(folder):
    """Two labels in a piece of room for 3 GB, which the library unpacks as a whole."""
    def change(file):
        del file["labels"]
        file.create_dataset("labels", (2,), np.uint8, maxshape=(None,), chunks=(3 * GIGA,), compression="gzip")
    write_official(folder, TWO, change=change)
    return "shd"


def nobody(folder):
    """A billion lists of which none was written."""
    def change(file):
        import h5py
        for key, dtype in (("times", np.float64), ("units", np.uint16)):
            del file[f"spikes/{key}"]
            file.create_dataset(f"spikes/{key}", (GIGA,), h5py.vlen_dtype(dtype), chunks=(1000,), compression="gzip")
        for key in ("labels", "extra/speaker"):
            del file[key]
            file.create_dataset(key, (GIGA,), np.uint8, chunks=(1000,), compression="gzip")
    write_official(folder, TWO, change=change)
    return "shd"


def one_list(folder):
    """One list of 100,000 events, to which 3,000 recordings refer: 2.4 GB of times in a file of 1 MB."""
    def change(file):
        import h5py
        n, count = 3000, 100_000
        for key, dtype in (("times", np.float64), ("units", np.uint16)):
            del file[f"spikes/{key}"]
            made = file.create_dataset(f"spikes/{key}", (n,), h5py.vlen_dtype(dtype))
            made[0] = np.zeros(count, dtype)
        for key in ("labels", "extra/speaker"):
            del file[key]
            file[key] = np.zeros(n, np.uint8)
    write_official(folder, TWO, change=change)
    path = folder / "shd_test.h5"
    content = bytearray(path.read_bytes())
    for length in struct.pack("<I", 100_000),:
        at = -1
        while (at := content.find(length, at + 1)) >= 0:
            reference = content[at:at + 16]
            if content[at + 16:at + 16 + 16 * 100] == bytes(1600):
                content[at:at + 16 * 3000] = reference * 3000
    path.write_bytes(content)
    return "shd"


def matlab(folder, size=3 * GIGA, shape=(1_000_000, 1301, 4)):
    """A variable of a billion zeros."""
    write_qtdb(folder, beats())
    content = (folder / "QTDB_test.mat").read_bytes()[:128]
    body = (struct.pack("<4I", 6, 8, 9, 0) + struct.pack("<2I4i", 5, 12, *shape, 0) + struct.pack("<HH4s", 1, 1, b"x")
            + struct.pack("<2I", 2, size))
    part = zlib.compress(b"")[:2] + deflated(struct.pack("<2I", 14, len(body) + size) + body, size)
    (folder / "QTDB_test.mat").write_bytes(content + struct.pack("<2I", 15, len(part)) + part)
    return "qtdb"


def matlab_said_only(folder):
    return matlab(folder, 1000)


def matlab_that_fits(folder):
    """Its shape is that of four recordings, its data are 3 GB."""
    return matlab(folder, shape=(4, 1301, 4))


BOMBS = [images, more_than_it_says, said_only, spoken, silent, camera, touched, zipped_hdf5, speakers, large_piece,
         nobody, one_list, matlab, matlab_said_only, matlab_that_fits]


LOADED = """
    import resource, sys, time
    import h5py, scipy.io
    from dmpnet.data import load
    from dmpnet.errors import DataError
    with open("/proc/self/statm") as file:
        there = int(file.read().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (there + 250_000_000,) * 2)
    for arguments in sys.argv[1:]:
        name, folder = arguments.split(":")
        began = time.process_time()
        try:
            load(name, "test", folder)
            print(folder, "was read", end="|")
        except DataError as error:
            print(str(error).replace("\\n", "SECOND LINE"), end="|")
        print(time.process_time() - began)
"""


def test_refused_in_time_and_memory(tmp_path):
    """Under 1 s of the process, and 200 MB beyond what was there."""
    folders = {bomb.__name__: tmp_path / bomb.__name__ for bomb in BOMBS}
    arguments = []
    for bomb in BOMBS:
        folder = folders[bomb.__name__]
        folder.mkdir()
        arguments.append(f"{bomb(folder)}:{folder}")
        assert sum(path.stat().st_size for path in folder.iterdir()) < 5e6
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", textwrap.dedent(LOADED), *arguments],
                          capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    for (name, folder), line in zip(folders.items(), done.stdout.splitlines(), strict=True):
        message, _, seconds = line.partition("|")
        print(name, line)
        assert message.startswith(str(folder)) and ("; " in message), line
        assert "SECOND LINE" not in message and "was read" not in message and "Unable to allocate" not in message
        assert float(seconds) < 1, line
