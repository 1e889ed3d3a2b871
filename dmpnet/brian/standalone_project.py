"""Generate and compile a Brian2 C++ standalone project; run as a module of its own by standalone.

In a process of its own Brian2 gives the same names every time, and the user's device stays as it is.
"""

import json
import os
import shutil
import sys
from pathlib import Path
from typing import Any

import numpy as np
from brian2 import NeuronGroup, get_device, prefs, set_device
from brian2.core.variables import ArrayVariable
from brian2.devices.cpp_standalone.device import CPPStandaloneDevice
from brian2.devices.device import all_devices

from dmpnet.brian import graph_program, graph_recorded, graphs, membranes, programs, recorded, session
from dmpnet.brian.backends import MAKE, TWO_AT_ONCE
from dmpnet.brian.conversion import activity, built, duration
from dmpnet.brian.standalone import PROGRAM
from dmpnet.brian.trained_program import Trained
from dmpnet.graph import file as graph_file
from dmpnet.trained import weights


class FileDevice(CPPStandaloneDevice):
    """C++ standalone that reads every array it is given from a file, also those of one element.

    Brian2 writes a single value into the source; a weight there would make another program of another weight.
    """

    def fill_with_array(self, var: ArrayVariable, arr: np.ndarray) -> None:
        super().fill_with_array(var, arr)
        if np.size(arr) != 1 or not isinstance(var.owner, NeuronGroup):
            return
        self.main_queue.pop()
        name = self.get_array_name(var, access_data=False)
        self.main_queue.append(("set_by_array", (name, self.static_array(name, np.ravel(arr)), False)))


def build(folder: Path, made: Path) -> None:
    """Compile the program of folder/design.json and blank.npz; `made` gets it, its constant files and manifest.json."""
    design = json.loads((folder / "design.json").read_text())
    _prefer(design["preferences"])
    all_devices["dmpnet"] = device = FileDevice()
    set_device("dmpnet", directory=None, build_on_run=False)
    converted, read, result = (_graph if "graph" in design else _trained)(design, folder / "blank.npz")
    converted.run(converted.duration, namespace={})
    device.build(directory=str(folder / "project"), compile=True, run=False)
    programs.check_inputs(device, folder / "project")
    made.mkdir()
    inputs = _inputs(device, converted, read)
    results = programs.described(device, converted, (result,))
    (made / "manifest.json").write_text(json.dumps({"inputs": inputs, "results": results}))
    shutil.copy2(folder / "project" / PROGRAM, made)
    (made / "static_arrays").mkdir()
    for name in device.static_arrays:
        if name not in inputs.values():
            shutil.copy2(folder / "project" / "static_arrays" / name, made / "static_arrays")


def _trained(design: dict[str, Any], file: Path) -> tuple[Any, list[str], str]:
    """The converted network, and 'group.variable' of what its program reads and of the result."""
    network = weights.load(file)
    s_in = np.zeros((design["batch"], design["steps"], design["layers"][0]["M"]), np.uint8)
    converted = built(network, s_in, coupling="shared", record=design["record"],
                        membrane=membranes.read(design["membranes"]) or None)
    return converted, list(Trained(network).constants(design["batch"], design["steps"])), "readout.total"


def _graph(design: dict[str, Any], file: Path) -> tuple[Any, list[str], str]:
    """As `_trained`, of a graph."""
    graph = graph_file.load(file)
    shape = design["batch"], design["steps"]
    converted = graphs.convert(graph, np.zeros((*shape, graph.encoding.channels), np.uint8), record=design["record"])
    return converted, list(graph_program.constants(graph, *shape)), graph_recorded.total(graph)


def _prefer(preferences: dict[str, Any]) -> None:
    """The preferences of codegen.cpp to compile with, and those the arithmetic needs, whatever the user's file says."""
    for name, value in preferences.items():
        prefs[f"codegen.cpp.{name}"] = value
    prefs["core.default_float_dtype"] = np.float64  # of the files a program reads
    prefs["devices.cpp_standalone.openmp_threads"] = 0
    prefs[MAKE] = TWO_AT_ONCE


def _inputs(device: FileDevice, converted: Any, names: list[str]) -> dict[str, str]:
    """File of each array that a run rewrites, by 'group.variable'."""
    found = {}
    for name in names:
        group, variable = name.split(".")
        array = device.get_array_name(converted[group].variables[variable], access_data=False)
        found[name] = f"_static_array_{array}"
    stimulus, = (name for name in device.static_arrays if name.endswith("stimulus_values"))
    found["input.stimulus"] = stimulus
    missing = set(found.values()) - set(device.static_arrays)
    if missing:
        raise RuntimeError(f"Brian2 keeps no file for {sorted(missing)}")
    return found


def whole(folder: Path, weights_file: str, keep: int, record: tuple[str, ...]) -> None:
    """Compile and run folder/s_in.npy on one network, by synapses; leaves folder/activity.npz."""
    _prefer({name.rpartition(".")[2]: session.in_order(prefs[name]) for name in session.FLAGS})
    set_device("cpp_standalone", build_on_run=False)
    network, s_in = weights.load(weights_file), np.load(folder / "s_in.npy")
    own = membranes.read(json.loads((Path(weights_file).parent / "membranes.json").read_text()))
    converted = built(network, s_in, coupling="synapses", record=record, membrane=own or None)
    converted.run(duration(network, s_in.shape[1], "synapses"), namespace={})
    get_device().build(directory=str(folder / "project"), compile=True, run=True, with_output=False)
    programs.finished(converted, float(converted.t_), ("readout.total",))
    recorded.save(activity(converted, network, s_in.shape, "synapses", record, keep=keep), folder / "activity.npz")


if __name__ == "__main__":
    os.umask(0o077)  # a program is for the user alone
    if sys.argv[2] == "--whole":
        whole(Path(sys.argv[1]), sys.argv[3], int(sys.argv[4]), tuple(sys.argv[5:]))
    else:
        build(Path(sys.argv[1]), Path(sys.argv[2]))
