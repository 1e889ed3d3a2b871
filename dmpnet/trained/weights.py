"""Trained networks, and the one .npz file that holds one; only this file knows the format (README: Weights file)."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

import numpy as np

from dmpnet.arithmetic.fixed import WORDS, Fixed
from dmpnet.arithmetic.words import WIDEST, Word
from dmpnet.disk.files import read_arrays, write_arrays
from dmpnet.disk.headers import parsed, real, record, shown, whole
from dmpnet.equations import memory
from dmpnet.equations.neurons import ACTS, Neuron
from dmpnet.errors import DmpnetError, WeightsError

FORMAT = "dmpnet-weights-1"
LONGEST = 2**31 - 1
"""Steps at most, which Brian2 counts in 32 bits."""


@dataclass(frozen=True)
class SlowMemory:
    """What a layer's slow pathway adds: w_x (M,), b_x (), W_m (N, d), b_m (N,), Abar (d, d), Bbar (d,).

    theta : window of the memory in steps, with blocks that of all of them (memory.window)
    d_s : dilation, steps between two looks of the fast neurons at the memory (1: every step)
    blocks, feed : ((d_1, theta_1), ...) of a hierarchy and how it is fed (memory.hierarchy); empty: one block
    acts : what W_m m + b_m changes, 'current', 'threshold' or 'gain' (dmpnet.equations.neurons)
    nu : (N,) breaks the dependency on m[k]: W_m is then P = W_m Abar, nu is W_m Bbar, and P m[k-1] + nu x[k] takes the
        place of W_m m[k]; None: W_m m[k]
    """

    w_x: np.ndarray
    b_x: np.ndarray
    W_m: np.ndarray
    b_m: np.ndarray
    Abar: np.ndarray
    Bbar: np.ndarray
    theta: float
    d_s: int = 1
    blocks: tuple[tuple[int, float], ...] = ()
    feed: str = "parallel"
    acts: str = "current"
    nu: np.ndarray | None = None

    @property
    def d(self) -> int:
        return self.W_m.shape[1]

    @property
    def all_blocks(self) -> tuple[tuple[int, float], ...]:
        """The blocks, also if there is only one."""
        return self.blocks or ((self.d, self.theta),)


@dataclass(frozen=True)
class Layer:
    """One layer of N fast neurons on M inputs: W_f (N, M), b_f (N,), optional W_r (N, N), slow memory, axonal delays.

    delay : (M,) integer steps >= 0 by which each input reaches W_f and w_x later, or None; what would arrive after
        the last step is lost
    fixed : how it computes in integers, then all arrays are whole numbers; None: in real numbers
    """

    W_f: np.ndarray
    b_f: np.ndarray
    neuron: Neuron
    W_r: np.ndarray | None = None
    slow: SlowMemory | None = None
    delay: np.ndarray | None = None
    fixed: Fixed | None = None

    @property
    def N(self) -> int:
        return self.W_f.shape[0]

    @property
    def M(self) -> int:
        return self.W_f.shape[1]

    @property
    def d(self) -> int:
        """Dimensions of the slow memory, 0 without one; those that a chip fills up with zeros are none."""
        if self.slow is None:
            return 0
        return self.slow.d if self.fixed is None else int((self.fixed.unit_m > 0).sum())

    @property
    def acts(self) -> str:
        """What the slow memory acts on; 'current' too if there is none."""
        return self.slow.acts if self.slow else "current"

    @property
    def state(self) -> int:
        """Numbers kept from step to step: N + d, the spikes that recur, N, and what is under way in the axons, sum of
        delay.

        (The paper's rule, N + N delay, gives every axon the same delay.)
        """
        under_way = 0 if self.delay is None else int(np.sum(self.delay, dtype=np.int64))
        recurs = 0 if self.W_r is None else self.N
        return self.N + (self.slow.d if self.slow else 0) + recurs + under_way


@dataclass(frozen=True)
class Encoding:
    """How samples reach the first layer.

    kind : 'analog' (a number per channel and step) or 'spikes' (0 or 1)
    channels, steps : M of the first layer and T the network was trained on
    dt : seconds a step stands for
    dataset : name in dmpnet.data
    permutation : order in which the pixels are read, (T,), or None
    levels : an analog value v is read as the whole number nearest to levels v, held in 0 to levels, by layers that
        compute in integers; 0: as it is
    """

    kind: str
    channels: int
    steps: int
    dt: float
    dataset: str = ""
    permutation: np.ndarray | None = None
    levels: int = 0

    def read(self, s_in: np.ndarray) -> np.ndarray:
        """s_in (B, T, M) as the first layer reads it; levels are taken in float64, whatever its dtype."""
        s_in = np.asarray(s_in)
        if not self.levels:
            return s_in
        return np.clip(np.rint(s_in.astype(np.float64) * self.levels), 0, self.levels)


@dataclass(frozen=True)
class TrainedNetwork:
    """Layers in order, the readout y[k] = W_o s_last[k] + b_o, W_o (C, N), b_o (C,), and where it comes from.

    kappa : None for one class a sample, from the mean of y; in [0, 1) for a class at every step, from
        ybar[k] = kappa ybar[k-1] + (1 - kappa) y[k], ybar[-1] = 0
    """

    layers: tuple[Layer, ...]
    W_o: np.ndarray
    b_o: np.ndarray
    encoding: Encoding
    provenance: dict[str, Any] = field(default_factory=dict)
    kappa: float | None = None

    def __repr__(self) -> str:
        return f"<TrainedNetwork {self.kind} {self.shape}, {self.encoding.dataset or 'data not said'}>"

    @property
    def classes(self) -> int:
        return len(self.b_o)

    @property
    def fixed(self) -> bool:
        """Whether it computes in integers."""
        return self.layers[0].fixed is not None

    @property
    def kind(self) -> str:
        """'DMP', 'RSNN' or 'FSNN'; with axonal delays 'DMP + delays', 'RSNN + delays' or 'DSNN'."""
        delays = any(layer.delay is not None for layer in self.layers)
        if any(layer.slow for layer in self.layers):
            return "DMP + delays" if delays else "DMP"
        if any(layer.W_r is not None for layer in self.layers):
            return "RSNN + delays" if delays else "RSNN"
        return "DSNN" if delays else "FSNN"

    @property
    def shape(self) -> str:
        """Numbers of units from input to readout: '1-200-200-10'."""
        return "-".join(map(str, (self.layers[0].M, *(layer.N for layer in self.layers), self.classes)))

    def __post_init__(self):
        check(self)


def check(network: TrainedNetwork, origin: str = "network") -> None:
    """Raise WeightsError for the first array whose shape does not fit its neighbours or that is not finite."""
    if not network.layers:
        raise WeightsError(f"{origin}: 0 layers, but a network needs at least one; add layer1.W_f and layer1.b_f")
    channels = network.encoding.channels
    for number, layer in enumerate(network.layers, 1):
        n = _rows(layer.W_f)
        _fits(origin, f"layer{number}.W_f", layer.W_f, (n, channels))
        _fits(origin, f"layer{number}.b_f", layer.b_f, (n,))
        if layer.W_r is not None:
            _fits(origin, f"layer{number}.W_r", layer.W_r, (n, n))
        if layer.slow is not None:
            _slow_fits(origin, f"layer{number}", layer.slow, n, channels, layer.fixed.shift_m if layer.fixed else 0)
        if layer.delay is not None:
            _delay_fits(origin, f"layer{number}.delay", layer.delay, channels)
        if layer.fixed is not None:
            _fixed_fits(origin, f"layer{number}", layer, layer.fixed)
        channels = n
    _fits(origin, "readout.W_o", network.W_o, (_rows(network.W_o), channels))
    _fits(origin, "readout.b_o", network.b_o, (_rows(network.W_o),))
    _encoding_fits(origin, network.encoding)
    whole = network.fixed and network.encoding.kind == "analog"
    if len({layer.fixed is None for layer in network.layers}) > 1 or whole != (network.encoding.levels > 0):
        raise WeightsError(f"{origin}: some of it computes in integers (input.levels = {network.encoding.levels}), but "
                           f"then all layers do, and analog input, no other, has levels; make it with "
                           f"dmpnet.hardware.constrain")
    if not isinstance(network.provenance, dict):
        raise WeightsError(f"{origin}: provenance = {network.provenance!r}, but it names its entries; give a dict")
    kappa = network.kappa
    if kappa is not None and not (real(kappa) and 0 <= kappa < 1):
        raise WeightsError(f"{origin}: kappa = {shown(kappa)}, but the fraction kept of the readout lies in [0, 1); "
                           f"set one, or None for one class a sample")


def _slow_fits(origin: str, name: str, slow: SlowMemory, n: int, channels: int, shift: int) -> None:
    d = _rows(slow.Abar)
    if slow.nu is not None:
        _fits(origin, f"{name}.nu", slow.nu, (n,))
    shapes = {"w_x": (channels,), "b_x": (), "W_m": (n, d), "b_m": (n,), "Abar": (d, d), "Bbar": (d,)}
    for key, shape in shapes.items():
        _fits(origin, f"{name}.{key}", getattr(slow, key), shape)
    if not whole(slow.d_s) or not 1 <= slow.d_s <= LONGEST:
        raise WeightsError(f"{origin}: {name}.d_s = {shown(slow.d_s)}, but dilation counts steps; set 1 to {LONGEST}")
    if not real(slow.theta) or slow.theta <= 0:
        raise WeightsError(f"{origin}: {name}.theta = {shown(slow.theta)}, but a window is a positive number of steps; "
                           f"set theta > 0")
    if slow.acts not in ACTS:
        raise WeightsError(f"{origin}: {name}.acts = {slow.acts!r}, but the slow memory acts on one of "
                           f"{', '.join(ACTS)}; choose one")
    _blocks_fit(origin, name, slow, d)
    radius = max(np.abs(np.linalg.eigvals(slow.Abar[block, block] * 0.5**shift)).max()
                 for block in memory.slices(slow.all_blocks))
    if not radius <= 1:  # nor NaN, of values whose products overflow
        raise WeightsError(f"{origin}: {name}.Abar has spectral radius {radius:.4g}, above 1, so the slow memory "
                           f"grows without bound; use dmpnet.equations.memory.discrete(d, theta)")


def _blocks_fit(origin: str, name: str, slow: SlowMemory, d: int) -> None:
    """The blocks fill m, their window is theta, and Abar joins no blocks but those that `feed` joins."""
    if slow.feed not in memory.FEEDS:
        raise WeightsError(f"{origin}: {name}.feed = {slow.feed!r}, but it is one of {', '.join(memory.FEEDS)}; "
                           f"choose one")
    if not slow.blocks:
        return
    for size, theta in slow.blocks:
        if not whole(size) or size < 1 or not real(theta) or theta <= 0:
            raise WeightsError(f"{origin}: {name}.blocks has ({shown(size)}, {shown(theta)}), but a block is a number "
                               f"of dimensions >= 1 and a window > 0; set them")
    if sum(size for size, _ in slow.blocks) != d:
        raise WeightsError(f"{origin}: {name}.blocks has {sum(size for size, _ in slow.blocks)} dimensions, but Abar "
                           f"has {d}; give blocks that add up to d")
    if not np.isclose(slow.theta, memory.window(slow.blocks, slow.feed)):
        raise WeightsError(f"{origin}: {name}.theta = {slow.theta!r}, but blocks {slow.feed} to each other reach back "
                           f"{memory.window(slow.blocks, slow.feed):g} steps; set theta = memory.window(blocks, feed)")
    for block in memory.slices(slow.blocks):
        apart = [slow.Abar[block, block.stop:]] + ([slow.Abar[block, :block.start]] if slow.feed == "parallel" else [])
        if any(part.any() for part in apart):
            raise WeightsError(f"{origin}: {name}.Abar joins blocks that are not joined in a {slow.feed} memory; use "
                               f"dmpnet.equations.memory.hierarchy(blocks, feed)")


def _delay_fits(origin: str, name: str, delay: np.ndarray, channels: int) -> None:
    _fits(origin, name, delay, (channels,))
    if delay.dtype.kind not in "iu":
        raise WeightsError(f"{origin}: {name} has dtype {delay.dtype}, but delays count steps; round them to integers")
    if (delay < 0).any():
        raise WeightsError(f"{origin}: {name} has {int((delay < 0).sum())} values below 0, but nothing arrives before "
                           f"it is sent; set delays >= 0")
    if delay.max() > LONGEST:
        raise WeightsError(f"{origin}: {name} reaches {delay.max()} steps, but at most {LONGEST} are counted; set "
                           f"smaller delays")


def _fixed_fits(origin: str, name: str, layer: Layer, fixed: Fixed) -> None:
    """All that enters integer sums is whole, and the chip knows how to compute it."""
    _fits(origin, f"{name}.theta_u", fixed.theta_u, (layer.N,))
    _fits(origin, f"{name}.unit_u", fixed.unit_u, (layer.N,))
    if layer.slow or fixed.unit_m.shape != (0,):
        _fits(origin, f"{name}.unit_m", fixed.unit_m, (layer.slow.d if layer.slow else 0,))
    whole = {"W_f": layer.W_f, "b_f": layer.b_f, "W_r": layer.W_r}
    if layer.slow:
        whole |= {key: getattr(layer.slow, key) for key in (*SLOW_ARRAYS, "nu")}
    for key, array in whole.items():
        if array is not None and array.dtype.kind not in "iu":
            raise WeightsError(f"{origin}: {name}.{key} has dtype {array.dtype}, but this layer computes in integers; "
                               f"make it with dmpnet.hardware.constrain")
    if layer.neuron.decay == "linear" and layer.neuron.lam % 1:
        raise WeightsError(f"{origin}: {name} has lam = {layer.neuron.lam:g}, but in integers a membrane leaks a whole "
                           f"number a step; round it")
    if layer.acts != "current":
        raise WeightsError(f"{origin}: {name}.acts = {layer.acts!r}, but in integers the slow memory acts on the "
                           f"current; constrain a network whose memory does")


def _encoding_fits(origin: str, encoding: Encoding) -> None:
    if encoding.kind not in ("analog", "spikes"):
        raise WeightsError(f"{origin}: input kind {encoding.kind!r}, but it is 'analog' or 'spikes'; set one")
    if not (whole(encoding.steps) and whole(encoding.channels)):
        raise WeightsError(f"{origin}: {shown(encoding.steps)} steps of {shown(encoding.channels)} channels, but both "
                           f"count something; set whole numbers")
    if not 1 <= encoding.steps <= LONGEST or not real(encoding.dt) or encoding.dt <= 0:
        raise WeightsError(f"{origin}: {encoding.steps} steps of {shown(encoding.dt)} s, but both must be positive, "
                           f"and steps at most {LONGEST}; set them")
    if not isinstance(encoding.dataset, str):
        raise WeightsError(f"{origin}: dataset = {encoding.dataset!r}, but it is a name in dmpnet.data, or '' for none "
                           f"of them; set one")
    levels = encoding.levels
    if not whole(levels) or not 0 <= levels < 1 << WIDEST:
        raise WeightsError(f"{origin}: input.levels = {shown(levels)}, but they are whole numbers, 0 for none, below "
                           f"2^{WIDEST}; set one")
    order = encoding.permutation
    if order is not None and not (order.dtype.kind in "iu" and order.shape == (encoding.steps,)
                                  and (np.sort(order) == np.arange(encoding.steps)).all()):
        raise WeightsError(f"{origin}: input.permutation is not an ordering of the {encoding.steps} steps 0 to "
                           f"{encoding.steps - 1}; store the permutation used in training")


def _rows(array: np.ndarray) -> int:
    return array.shape[0] if array.ndim else 0


def _fits(origin: str, name: str, array: np.ndarray, shape: tuple[int, ...]) -> None:
    if array.dtype.kind not in "fiu":
        raise WeightsError(f"{origin}: {name} has dtype {array.dtype}, but weights are real numbers; store float32")
    if array.shape != shape:
        raise WeightsError(f"{origin}: {name} has shape {array.shape}, but {shape} is needed here; "
                           f"check the layer sizes the file was written for")
    if 0 in shape:
        raise WeightsError(f"{origin}: {name} has shape {shape}, but layers, their inputs, slow memories and readouts "
                           f"have at least one unit; leave out what has none")
    if not np.isfinite(array).all():
        bad = int((~np.isfinite(array)).sum())
        raise WeightsError(f"{origin}: {name} has {bad} values that are NaN or infinite, but 0 are allowed; "
                           f"use a checkpoint from before training diverged")


def save(network: TrainedNetwork, path: str | Path) -> None:
    """Write `network` to one .npz file, whole or not at all; no pickle."""
    header, arrays = _contents(network)
    write_arrays(path, header=np.array(json.dumps(header, default=_plain)), **arrays)


def _contents(network: TrainedNetwork) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Header and arrays of its file."""
    arrays = dict(_arrays(network))
    header: dict[str, Any] = {
        "format": FORMAT,
        "neurons": [_neuron(layer.neuron) for layer in network.layers],
        "slow": [_slow_header(layer.slow) if layer.slow else None for layer in network.layers],
        "input": {key: getattr(network.encoding, key) for key in ("kind", "channels", "steps", "dt", "dataset")}
                 | ({"levels": network.encoding.levels} if network.encoding.levels else {}),
        "provenance": network.provenance,
    }
    if network.kappa is not None:
        header["kappa"] = network.kappa
    if network.fixed:
        header["fixed"] = [arithmetic(layer.fixed) | {"unit_x": layer.fixed.unit_x} for layer in network.layers
                           if layer.fixed]
    for number, first in _repeated(network).items():
        header["slow"][number - 1]["matrices_of"] = first
        for key in MATRICES:
            del arrays[f"layer{number}.{key}"]
    return header, arrays


def _repeated(network: TrainedNetwork) -> dict[int, int]:
    """Layers whose Abar and Bbar are those of an earlier one, bit for bit: by number, the first such one's."""
    seen: dict[bytes, int] = {}
    found = {}
    for number, layer in enumerate(network.layers, 1):
        if layer.slow is not None:
            matrices = [np.ascontiguousarray(getattr(layer.slow, key)) for key in MATRICES]
            first = seen.setdefault(b"".join(f"{a.dtype} {a.shape}".encode() + a.tobytes() for a in matrices), number)
            if first != number:
                found[number] = first
    return found


def _slow_header(slow: SlowMemory) -> dict[str, Any]:
    """theta, d_s, and of the rest what is not as published."""
    rest = {f.name: getattr(slow, f.name) for f in fields(SlowMemory) if f.name in ("blocks", "feed", "acts")
            and getattr(slow, f.name) != f.default}
    return {"theta": slow.theta, "d_s": slow.d_s, **rest}


def arithmetic(fixed: Fixed) -> dict[str, Any]:
    """Words, shifts and, where it is not after the reset, when u saturates, as JSON stores them."""
    order = {"saturates": fixed.saturates} if fixed.saturates != "after" else {}  # older files do not say it
    return {name: asdict(word) for name, word in fixed.words.items()} | fixed.shifts | order


def checksum(network: TrainedNetwork) -> str:
    """sha256 of everything its file holds but the provenance: of what it computes, not of where it comes from."""
    header, arrays = _contents(network)
    del header["provenance"]
    total = hashlib.sha256(json.dumps(header, default=_plain).encode())
    for key, array in arrays.items():
        total.update(f"{key} {array.dtype} {array.shape}".encode() + np.ascontiguousarray(array).tobytes())
    return total.hexdigest()


def _neuron(neuron: Neuron) -> dict[str, Any]:
    """Its constants; of the decay only what it uses, so that files of exponential networks stay as they were."""
    unused = {"exponential": ("decay", "lam", "shift"), "linear": ("shift",), "shift": ("lam",)}[neuron.decay]
    return {key: value for key, value in asdict(neuron).items() if key not in unused}


def _plain(value: Any) -> Any:
    """NumPy scalars as numbers, anything else JSON does not know (a path, a date) as text."""
    return value.item() if isinstance(value, np.generic) else str(value)


def _arrays(network: TrainedNetwork) -> Iterator[tuple[str, np.ndarray]]:
    for number, layer in enumerate(network.layers, 1):
        yield f"layer{number}.W_f", layer.W_f
        yield f"layer{number}.b_f", layer.b_f
        if layer.W_r is not None:
            yield f"layer{number}.W_r", layer.W_r
        if layer.slow is not None:
            for key in SLOW_ARRAYS:
                yield f"layer{number}.{key}", getattr(layer.slow, key)
            if layer.slow.nu is not None:
                yield f"layer{number}.nu", layer.slow.nu
        if layer.delay is not None:
            yield f"layer{number}.delay", layer.delay
        if layer.fixed is not None:
            for key in FIXED_ARRAYS:
                yield f"layer{number}.{key}", getattr(layer.fixed, key)
    yield "readout.W_o", network.W_o
    yield "readout.b_o", network.b_o
    if network.encoding.permutation is not None:
        yield "input.permutation", network.encoding.permutation


MATRICES = ("Abar", "Bbar")
SLOW_ARRAYS = tuple(f.name for f in fields(SlowMemory) if f.type is np.ndarray)
FIXED_ARRAYS = tuple(f.name for f in fields(Fixed) if f.type is np.ndarray)


def load(path: str | Path) -> TrainedNetwork:
    """Read a weights file.

    Raises WeightsError, naming the file and the key, if it is missing, truncated, pickled, incomplete, of wrong
    shapes or not finite.
    """
    arrays = _read(Path(path))
    header = _header(path, arrays)
    try:
        for key in ("neurons", "slow", "fixed"):
            if not isinstance(header.get(key, []), list):
                raise WeightsError(f"header: {key} = {shown(header[key])}, but it lists something of every layer; "
                                   f"write the file with dmpnet.trained.weights.save")
        fixed = header.get("fixed") or [None] * len(header["neurons"])
        layers = tuple(_layer(arrays, number, *facts) for number, facts in
                       enumerate(zip(header["neurons"], header["slow"], fixed, strict=True), 1))
        network = TrainedNetwork(layers, arrays["readout.W_o"], arrays["readout.b_o"],
                                 record(Encoding, header["input"], "input",
                                        permutation=arrays.get("input.permutation")),
                                 header.get("provenance", {}), header.get("kappa"))
    except KeyError as error:
        raise WeightsError(f"{path}: key {error} is missing, but the format needs it; write the file with "
                           f"dmpnet.trained.weights.save") from error
    except DmpnetError as error:
        raise WeightsError(f"{path}: {str(error).removeprefix('network: ')}") from error
    except (TypeError, ValueError) as error:
        raise WeightsError(f"{path}: the header does not describe a network ({error}); write the file with "
                           f"dmpnet.trained.weights.save") from error
    elsewhere = {f"layer{number}.{key}" for number, slow in enumerate(header["slow"], 1)
                 if slow and "matrices_of" in slow for key in MATRICES}
    unknown = arrays.keys() - ({"header", *dict(_arrays(network))} - elsewhere)
    if unknown:
        raise WeightsError(f"{path}: key {min(unknown)!r} is not one this network has, so it would be left out; "
                           f"check its spelling, or write the file with dmpnet.trained.weights.save")
    return network


def _read(path: Path) -> dict[str, np.ndarray]:
    if not path.is_file():
        raise WeightsError(f"{path}: no such weights file; give the path of a .npz written by dmpnet, "
                           f"or the name of a shipped network (dmpnet info lists them)")
    return read_arrays(path, WeightsError, "copy or download the file again")


def _header(path: str | Path, arrays: dict[str, np.ndarray]) -> dict[str, Any]:
    try:
        header = parsed(str(arrays["header"]))
        found = header["format"]
    except (KeyError, ValueError) as error:
        raise WeightsError(f"{path}: no readable 'header', so this .npz is not a dmpnet weights file; "
                           f"write it with dmpnet.trained.weights.save") from error
    if found != FORMAT:
        raise WeightsError(f"{path}: format {shown(found)}, but this version reads {FORMAT!r}; "
                           f"use the dmpnet version that wrote it")
    return header


def _layer(arrays: dict[str, np.ndarray], number: int, neuron: dict, slow: dict | None, fixed: dict | None) -> Layer:
    def array(key: str) -> np.ndarray:
        return arrays[f"layer{number}.{key}"]

    pathway = None
    if slow is not None:
        settings = dict(slow)
        owner = settings.pop("matrices_of", number)
        matrices: dict[str, Any] = {key: arrays[f"layer{owner}.{key}"] if key in MATRICES else array(key)
                                    for key in SLOW_ARRAYS}
        pathway = record(SlowMemory, settings, f"slow memory of layer {number}", **matrices,
                         nu=arrays.get(f"layer{number}.nu"))
    computes = None
    if fixed is not None:
        what = f"fixed of layer {number}"
        words = {name: record(Word, fixed[name], f"{what}: {name}") for name in WORDS}
        computes = record(Fixed, {key: value for key, value in fixed.items() if key not in WORDS}, what, **words,
                          **{key: array(key) for key in FIXED_ARRAYS})
    return Layer(array("W_f"), array("b_f"), record(Neuron, neuron, f"neurons of layer {number}"),
                 arrays.get(f"layer{number}.W_r"), pathway, arrays.get(f"layer{number}.delay"), computes)


def legendre_pathway(w_x: np.ndarray, b_x: float, W_m: np.ndarray, b_m: np.ndarray, theta: float, d_s: int = 1, *,
                     blocks: memory.Blocks = (), feed: str = "parallel", acts: str = "current") -> SlowMemory:
    """A slow memory whose Abar, Bbar are the frozen Legendre matrices for d = W_m.shape[1] and `theta`.

    blocks, feed : of a hierarchy, d = sum of d_i; their windows then take the place of `theta`
    """
    abar, bbar = memory.hierarchy(blocks or ((W_m.shape[1], theta),), feed)
    blocks = tuple((int(size), float(length)) for size, length in blocks)
    return SlowMemory(np.asarray(w_x), np.asarray(b_x), W_m, b_m, abar, bbar,
                      memory.window(blocks, feed) if blocks else float(theta), d_s, blocks, feed, acts)


def parameters(network: TrainedNetwork) -> dict[str, int]:
    """Parameter counts: 'paper' by its rule, sum over layers (M N + N d + d^2) + N C; 'trainable'; 'stored'.

    The paper's rule leaves out biases and w_x and counts the frozen Abar; W_r adds N^2 a layer, axonal delays M.
    In a hierarchy d^2 is the sum of d_i^2; a cascade adds d_{i+1} for each coupling, which is of rank one. What a chip
    fills up with zeros is only stored.
    """
    paper = network.W_o.size
    frozen = 0
    for layer in network.layers:
        paper += layer.W_f.size + (layer.W_r.size if layer.W_r is not None else 0)
        paper += layer.delay.size if layer.delay is not None else 0
        if layer.slow is not None:
            sizes = [layer.d] if layer.fixed else [size for size, _ in layer.slow.all_blocks]
            paper += layer.N * sum(sizes) + sum(size**2 for size in sizes)
            paper += sum(sizes[1:]) if layer.slow.feed == "cascade" else 0
            frozen += layer.slow.Abar.size + layer.slow.Bbar.size
    stored = sum(array.size for key, array in _arrays(network) if not key.startswith("input."))
    return {"paper": paper, "trainable": stored - frozen, "stored": stored}
