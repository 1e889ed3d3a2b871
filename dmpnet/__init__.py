"""Dual-memory-pathway spiking networks in Brian2, spike for spike as they were trained.

    trained = dmpnet.load("smnist-dmp2")                             a trained network, shipped or from your file
    digits = dmpnet.data.load("smnist", "subset").batch(slice(100))  recordings, (samples, steps, channels)
    dmpnet.simulate(trained, digits).predictions                     run it in Brian2
    net = dmpnet.convert(trained, digits[:2])                        the same as a brian2.Network of your own
    dmpnet.fast_slow_layer(N=100, d=5, window=200*ms, ...)           a layer in a Brian2 script of your own
    dmpnet.constrain(trained, dmpnet.chip("dmp-256"), digits)        in the integers of a chip
    dmpnet.fit(made.network, dmpnet.chip("dmp-256")).table()         whether it fits
    dmpnet.from_nir("net.nir", dt=1e-3)                              another tool's network, as a graph of nodes
    dmpnet.plastic(dmpnet.rule("pair-additive"), source, target)     synapses that learn by STDP
    dmpnet.sweep(run, points)                                        a function at many points, on cores or a cluster

Each is imported when it is first asked for, so that `import dmpnet` takes no time.
"""

import importlib

from dmpnet import moved

TYPE_CHECKING = False  # that of typing, which `python -m` would look for in the working folder first
if TYPE_CHECKING:
    from typing import Any

    from dmpnet import data as data
    from dmpnet.brian.fast_slow import fast_slow_layer as fast_slow_layer
    from dmpnet.brian.networks import convert as convert
    from dmpnet.brian.simulation import simulate as simulate
    from dmpnet.graph.networks import named as load
    from dmpnet.hardware.chip import load as chip
    from dmpnet.hardware.constrain import constrain as constrain
    from dmpnet.hardware.fit import fit as fit
    from dmpnet.nir.importing import from_nir as from_nir
    from dmpnet.plasticity import rule as rule
    from dmpnet.plasticity import synapses as plastic
    from dmpnet.sweeps.sweep import sweep as sweep

__version__ = "0.2.0"

_HOMES = {
    "chip": ("hardware.chip", "load"), "constrain": ("hardware.constrain", "constrain"),
    "convert": ("brian.networks", "convert"), "data": ("data", ""),
    "fast_slow_layer": ("brian.fast_slow", "fast_slow_layer"), "fit": ("hardware.fit", "fit"),
    "from_nir": ("nir.importing", "from_nir"),
    "load": ("graph.networks", "named"), "plastic": ("plasticity", "synapses"), "rule": ("plasticity", "rule"),
    "simulate": ("brian.simulation", "simulate"), "sweep": ("sweeps.sweep", "sweep"),
    "shipped": ("disk.shipped", ""), **{name: (name, "") for name in moved.HOMES},  # old names, for one release
}
"""Where what is asked for here lives: module and name, '' for the module itself."""

__all__ = ["chip", "constrain", "convert", "data", "fast_slow_layer", "fit", "from_nir", "load", "plastic", "rule",
           "simulate", "sweep"]

moved.known()


def __getattr__(name: str) -> "Any":
    if name not in _HOMES:
        raise AttributeError(f"module 'dmpnet' has no attribute {name!r}; it has {', '.join(__all__)}")
    home, inside = _HOMES[name]
    module = importlib.import_module(f"dmpnet.{home}")
    return getattr(module, inside) if inside else module


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
