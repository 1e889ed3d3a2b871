"""Data files for tests: what they look like, written independently of the readers, and where real ones may lie."""

import gzip
import io
import os
import struct
import zipfile
import zlib
from pathlib import Path

import numpy as np
import pytest

from dmpnet.data import DATASETS, folders
from dmpnet.errors import DataError

REPOSITORY = Path(__file__).resolve().parents[1]
LOCAL = [Path(folder) for folder in (os.environ.get("DMPNET_DATA"), REPOSITORY / ".." / "shared" / "data") if folder]
IMAGES, LABELS = "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"


def data_folder(name, split):
    """A local folder with the files of that split; skips the test where there is none."""
    for base in LOCAL:
        if folders.find(DATASETS[name], split, base):
            return base
    parts = DATASETS[name].parts or (name,)
    files = ", ".join(file.name.removesuffix(".gz") for part in parts for file in DATASETS[part].files[split])
    need = "data" if name == "shd-regen" else "official data"  # the latter is not at hand where this is developed
    pytest.skip(f"needs {need}: {files} in the folder DMPNET_DATA names or in ../shared/data")


def nir_file(name):
    """A file of the NIR project's paper; skips the test where it is not at hand."""
    for base in LOCAL:
        if (path := base.parent / "nir" / name).is_file():
            return path
    pytest.skip(f"needs data: {name} in a folder nir beside the one DMPNET_DATA names, or in ../shared/nir")


@pytest.fixture(autouse=True)
def no_settings(monkeypatch, tmp_path):
    """The user's own folders play no part: no DMPNET_DATA, an empty cache. Imported where it is to hold."""
    monkeypatch.delenv("DMPNET_DATA", raising=False)
    monkeypatch.setattr(folders, "cache_folder", lambda: tmp_path / "cache")


def refused(call, *parts):
    """The DataError of `call` is one line that holds all `parts`."""
    with pytest.raises(DataError) as caught:
        call()
    message = str(caught.value)
    assert "\n" not in message
    for part in parts:
        assert str(part) in message, f"{part!r} is not in {message!r}"
    return message


def untrusted(function):
    """Mark a test whose small files are, rightly, reported as not the official ones."""
    return pytest.mark.filterwarnings("ignore:.*(but not the|have no label):UserWarning")(function)


def without(key):
    return lambda arrays: {k: v for k, v in arrays.items() if k != key}


def changed(key, function):
    return lambda arrays: arrays | {key: function(arrays[key])}


# What files look like, written independently of the readers


def idx(array):
    return b"\0\0\x08" + bytes([array.ndim]) + b"".join(struct.pack(">I", n) for n in array.shape) + array.tobytes()


def digits(n=6, seed=1):
    rng = np.random.default_rng(seed)
    return rng.integers(0, 256, (n, 28, 28), np.uint8), rng.integers(0, 10, n).astype(np.uint8)


def write_digits(folder, images, labels, image_name=IMAGES, label_name=LABELS):
    folder.mkdir(parents=True, exist_ok=True)
    for name, array in ((image_name, images), (label_name, labels)):
        (folder / name).write_bytes(gzip.compress(idx(array)) if name.endswith(".gz") else idx(array))
    return folder


def spoken(n=5, events=300, seed=2, last_tick=2600):
    """A list of (channels, ticks, label, speaker)."""
    rng = np.random.default_rng(seed)
    return [(rng.integers(0, 700, events), rng.integers(0, last_tick, events), int(rng.integers(20)),
             int(rng.integers(12))) for _ in range(n)]


def regenerated_arrays(recordings):
    counts = np.array([np.bincount(channel, minlength=700) for channel, *_ in recordings], np.uint8).reshape(-1, 700)
    ticks = [tick[np.argsort(channel, kind="stable")] for channel, tick, *_ in recordings]
    return {"counts": counts, "ticks": np.concatenate([np.zeros(0, int), *ticks]).astype(np.uint16),
            "labels": np.array([r[2] for r in recordings], np.uint8),
            "speaker": np.array([r[3] for r in recordings], np.uint8)}


def write_regenerated(folder, arrays, split="test"):
    folder.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(folder / f"shd_regen_{split}_halfms.npz", **arrays)
    return folder


def write_official(folder, recordings, split="test", time=np.float16, change=None):
    """The layout of shd_*.h5; `change` may alter the open file before it is closed."""
    h5py = pytest.importorskip("h5py")
    folder.mkdir(parents=True, exist_ok=True)
    with h5py.File(folder / f"shd_{split}.h5", "w") as file:
        times = file.create_dataset("spikes/times", (len(recordings),), h5py.vlen_dtype(time))
        units = file.create_dataset("spikes/units", (len(recordings),), h5py.vlen_dtype(np.uint16))
        for number, (channel, tick, *_) in enumerate(recordings):
            times[number], units[number] = (tick / 2000).astype(time), channel
        file["labels"] = np.array([r[2] for r in recordings], np.uint16)
        file["extra/speaker"] = np.array([r[3] for r in recordings], np.uint16)
        if change:
            change(file)
    return folder


def binned(channel, step, T):
    """One recording (T, 140), event by event."""
    values = np.zeros((T, 140), np.uint8)
    for c, k in zip(channel, step, strict=True):
        if k < T:
            values[k, c // 5] = 1
    return values


TWO = [(np.array([5, 6]), np.array([10, 30]), 1, 0), (np.array([7, 8]), np.array([50, 70]), 2, 1)]


def seen(n=6, events=200, seed=3, last_ms=330, labels=None):
    """A list of (polarity, y, x, time in ms, digit)."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 10, n) if labels is None else labels
    return [(rng.integers(0, 2, events), rng.integers(0, 34, events), rng.integers(0, 34, events),
             np.sort(rng.integers(0, last_ms, events)), int(label)) for label in labels]


def nmnist_arrays(recordings, test):
    """`test` (n,): which recordings are of the test part."""
    return {"t": np.concatenate([r[3] for r in recordings]).astype(np.uint16),
            "code": np.concatenate([1156 * p + 34 * y + x for p, y, x, *_ in recordings]).astype(np.uint16),
            "n": np.array([len(r[3]) for r in recordings], np.uint32),
            "label": np.array([r[4] for r in recordings], np.uint8), "is_test": np.asarray(test, bool),
            "src": np.arange(len(recordings), dtype=np.int32)}


def write_npz(folder, name, arrays):
    folder.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(folder / name, **arrays)
    return folder


def write_nmnist(folder, recordings, test):
    return write_npz(folder, "nmnist_6k_1ms.npz", nmnist_arrays(recordings, test))


def event_bytes(polarity, y, x, microseconds):
    """Five bytes, bit by bit."""
    bits = f"{x:08b}{y:08b}{polarity:01b}{microseconds:023b}"
    return bytes(int(bits[at:at + 8], 2) for at in range(0, 40, 8))


def write_bins(folder, recordings, split="test"):
    """The official folders: Test/<digit>/<number>.bin."""
    for number, (polarity, y, x, ms, label) in enumerate(recordings):
        path = folder / split.capitalize() / str(label) / f"{number:05}.bin"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"".join(event_bytes(*event) for event in zip(polarity, y, x, 1000 * ms, strict=True)))
    return folder


def beats(n=4, seed=4):
    """x (n, 1301, 4) and one-hot y (n, 1301, 6): made-up beats of six phases, and an end mark."""
    rng = np.random.default_rng(seed)
    x = (rng.random((n, 1301, 4)) < 0.1).astype(np.int16)
    x[:, -1] = 0
    x[:, -1, 0] = -1
    y = np.eye(6, dtype=np.uint8)[(np.arange(1301) // 40 + rng.integers(0, 6, (n, 1))) % 6]
    y[:, 1250:] = 0
    return {"x": x, "y": y, "t": np.tile(np.arange(1301, dtype=np.uint16), (n, 1)),
            "max_i": np.full((n, 1), 1301, np.uint16)}


def write_qtdb(folder, arrays, split="test", **how):
    scipy_io = pytest.importorskip("scipy.io")
    folder.mkdir(parents=True, exist_ok=True)
    scipy_io.savemat(folder / f"QTDB_{split}.mat", arrays, do_compression=True, **how)
    return folder


def letters(repetitions=10, steps=76, seed=5):
    rng = np.random.default_rng(seed)
    y = np.repeat(np.arange(27), repetitions).astype(np.uint8)
    return {"x": rng.integers(0, 256, (len(y), steps, 12), np.uint8), "y": y,
            "names": np.array([*"ABCDEFGHIJKLMNOPQRS", "Space", *"TUVWXYZ"]),
            "repetition": np.tile(np.arange(repetitions), 27).astype(np.uint8)}


def write_braille(folder, arrays):
    return write_npz(folder, "braille_letters.npz", arrays)


# Files of 100 kB or a few MB that stand for 3 GB: the same piece of deflate over and over


def deflated(start, size):
    """Raw deflate of `start` and then zeros, `size` bytes in all (rounded up to whole MB), made in no time."""
    squeeze = zlib.compressobj(9, zlib.DEFLATED, -15)
    head = squeeze.compress(start) + squeeze.flush(zlib.Z_FULL_FLUSH)
    piece = squeeze.compress(bytes(1 << 20)) + squeeze.flush(zlib.Z_FULL_FLUSH)
    return head + piece * (-(-(size - len(start)) >> 20)) + squeeze.flush()


def npy_header(shape, dtype):
    content = io.BytesIO()
    np.lib.format.write_array_header_1_0(content, {"descr": np.dtype(dtype).str, "fortran_order": False,
                                                   "shape": tuple(shape)})
    return content.getvalue()


def write_bomb(path, arrays, key, shape, dtype=np.uint8):
    """An .npz of `arrays` in which `key` is a well-formed array of zeros of any size."""
    header = npy_header(shape, dtype)
    size = len(header) + int(np.prod(shape)) * np.dtype(dtype).itemsize
    content = deflated(header, size)
    entry = zipfile.ZipInfo(f"{key}.npy")
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, array in arrays.items():
            if name != key:
                with archive.open(f"{name}.npy", "w") as member:
                    np.lib.format.write_array(member, np.asarray(array))
        at = archive.fp.tell()
        entry.compress_type, entry.compress_size, entry.file_size, entry.header_offset = 8, len(content), size, at
        entry.CRC = 0  # right only for whoever unpacks it to the end
        archive.fp.write(entry.FileHeader() + content)
        archive.filelist.append(entry)
        archive.NameToInfo[entry.filename] = entry
        archive.start_dir = archive.fp.tell()
        archive._didModify = True
    return path
