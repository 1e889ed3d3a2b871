"""The one .npz file that holds a trained network; only this file knows the format (docs: Weights file)."""

import hashlib
import json
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import numpy as np

from dmpnet.arithmetic import stored
from dmpnet.disk import shipped
from dmpnet.disk.files import read_arrays, write_arrays
from dmpnet.disk.headers import parsed, record, shown
from dmpnet.equations.decay import BY_NAME
from dmpnet.equations.neurons import Neuron
from dmpnet.errors import DmpnetError, WeightsError
from dmpnet.trained.adaptation import ADAPTATION_ARRAYS, Adaptation
from dmpnet.trained.encoding import Encoding
from dmpnet.trained.layer import Layer
from dmpnet.trained.modes import MODE_ARRAYS, Modes
from dmpnet.trained.network import TrainedNetwork, arrays
from dmpnet.trained.slow_memory import MATRICES, SLOW_ARRAYS, SlowMemory

FORMAT = "dmpnet-weights-1"


def save(network: TrainedNetwork, path: str | Path) -> None:
    """Write `network` to one .npz file, whole or not at all; no pickle."""
    header, arrays = _contents(network)
    write_arrays(path, header=np.array(json.dumps(header, default=_plain)), **arrays)


def _contents(network: TrainedNetwork) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Header and arrays of its file."""
    held = dict(arrays(network))
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
    if any(layer.modes for layer in network.layers):
        header["modes"] = [{"emits": layer.modes.emits} if layer.modes else None for layer in network.layers]
    if network.integer:
        header["fixed"] = [layer.fixed.described | {"unit_x": layer.fixed.unit_x} for layer in network.layers
                           if layer.fixed]
    for number, first in _repeated(network).items():
        header["slow"][number - 1]["matrices_of"] = first
        for key in MATRICES:
            del held[f"layer{number}.{key}"]
    return header, held


def _repeated(network: TrainedNetwork) -> dict[int, int]:
    """Layers whose Abar and Bbar are those of an earlier one, bit for bit: by number, the first such one's."""
    seen: dict[bytes, int] = {}
    repeats = {}
    for number, layer in enumerate(network.layers, 1):
        if layer.slow is not None:
            matrices = [np.ascontiguousarray(getattr(layer.slow, key)) for key in MATRICES]
            first = seen.setdefault(b"".join(f"{a.dtype} {a.shape}".encode() + a.tobytes() for a in matrices), number)
            if first != number:
                repeats[number] = first
    return repeats


def _slow_header(slow: SlowMemory) -> dict[str, Any]:
    """theta, d_s, and of the rest what is not as published."""
    rest = {f.name: getattr(slow, f.name) for f in fields(SlowMemory) if f.name in ("blocks", "feed", "acts")
            and getattr(slow, f.name) != f.default}
    return {"theta": slow.theta, "d_s": slow.d_s, **rest}


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
    unused = {"lam", "shift", "c"} - {BY_NAME[neuron.decay].field}
    if neuron.decay == "exponential":
        unused.add("decay")
    if neuron.floor is None:
        unused.add("floor")
    return {key: value for key, value in asdict(neuron).items() if key not in unused}


def _plain(value: Any) -> Any:
    """NumPy scalars as numbers, anything else JSON does not know (a path, a date) as text."""
    return value.item() if isinstance(value, np.generic) else str(value)


def load(path: str | Path) -> TrainedNetwork:
    """Read a weights file.

    Raises WeightsError, naming the file and the key, if it is missing, truncated, pickled, incomplete, of wrong
    shapes or not finite.
    """
    found = _read(Path(path))
    header = _header(path, found)
    try:
        for key in ("neurons", "slow", "modes", "fixed"):
            if not isinstance(header.get(key, []), list):
                raise WeightsError(f"header: {key} = {shown(header[key])}, but it lists something of every layer; "
                                   f"write the file with dmpnet.trained.weights.save")
        modes, fixed = (header.get(key) or [None] * len(header["neurons"]) for key in ("modes", "fixed"))
        layers = tuple(_layer(found, number, *facts) for number, facts in
                       enumerate(zip(header["neurons"], header["slow"], modes, fixed, strict=True), 1))
        network = TrainedNetwork(layers, found["readout.W_o"], found["readout.b_o"],
                                 record(Encoding, header["input"], "input",
                                        permutation=found.get("input.permutation")),
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
    unknown = found.keys() - ({"header", *dict(arrays(network))} - elsewhere)
    if unknown:
        raise WeightsError(f"{path}: key {min(unknown)!r} is not one this network has, so it would be left out; "
                           f"check its spelling, or write the file with dmpnet.trained.weights.save")
    return network


def named(name: str | Path) -> TrainedNetwork:
    """The network in file `name`, or the shipped one of that name: named("smnist-dmp2"), named("smnist-dmp2/seed1").

    WeightsError as by `load`, and for a name that is neither.
    """
    is_file = str(name).endswith(".npz") or Path(name).exists()
    return load(name if is_file else shipped.path(str(name)))


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


def _layer(arrays: dict[str, np.ndarray], number: int, neuron: dict, slow: dict | None, modes: dict | None,
           fixed: dict | None) -> Layer:
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
    computes = None if fixed is None else stored.fixed(fixed, f"fixed of layer {number}", array,
                                                       arrays.get(f"layer{number}.floor"))
    rings: dict[str, Any] = {key: arrays.get(f"layer{number}.{key}") if key == "B_im" else array(key)
                             for key in MODE_ARRAYS} if modes is not None else {}
    adapts = any(f"layer{number}.{key}" in arrays for key in ADAPTATION_ARRAYS)
    return Layer(array("W_f"), array("b_f"), record(Neuron, neuron, f"neurons of layer {number}"),
                 arrays.get(f"layer{number}.W_r"), pathway, arrays.get(f"layer{number}.delay"), computes,
                 Adaptation(*map(array, ADAPTATION_ARRAYS)) if adapts else None, arrays.get(f"layer{number}.beta"),
                 None if modes is None else record(Modes, modes, f"modes of layer {number}", **rings))
