"""What a converted network recorded, read back as the reference gives it, wherever the values are kept."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from dmpnet.brian.timing import Lags
from dmpnet.errors import DmpnetError
from dmpnet.trained.activity import Activity, smoothed

if TYPE_CHECKING:
    from dmpnet.trained.network import TrainedNetwork

Read = Callable[[str, str], np.ndarray]


def needed(network: TrainedNetwork, record: Iterable[str]) -> tuple[str, ...]:
    """What has to be kept for every step: all of `record`, and the readout if the network classifies every step."""
    return tuple(dict.fromkeys((*record, *(("readout",) if network.kappa is not None else ()))))


def fired(read: Read, monitor: str, shape: tuple[int, int, int], dt: float, lag: int = 0) -> np.ndarray:
    """Spikes (B, T, N) bool that a monitor recorded, of a population that works `lag` steps behind its input."""
    spikes = np.zeros(shape, bool)
    sample, unit = np.divmod(read(monitor, "i"), shape[2])
    spikes[sample, np.rint(read(monitor, "t") / dt).astype(int) - lag, unit] = True
    return spikes


def read_activity(read: Read, network: TrainedNetwork, shape: tuple[int, ...], lags: Lags,
                  record: tuple[str, ...], keep: int | None = None) -> Activity:
    """Activity from read(group, variable), wherever the values are kept."""
    batch, steps = shape[:2]

    def states(monitor: str, variable: str, lag: int, units: int) -> np.ndarray:
        recorded = read(monitor, variable).reshape(-1, batch, units)[lag + 1:lag + 1 + steps, :keep]
        return recorded.swapaxes(0, 1).copy()  # a view of one sample would change with the next run

    def count(number: int) -> np.ndarray:
        return read(f"spikes_{number}", "count").reshape(batch, -1)[:keep].astype(np.int64)

    layers = list(enumerate(network.layers, 1))
    counts = [count(number) for number, _ in layers]
    total = read("readout", "total").reshape(batch, -1)[:keep]
    if not np.isfinite(total).all():
        raise DmpnetError(f"readout: NaN or infinite in {int((~np.isfinite(total).all(axis=1)).sum())} of {len(total)} "
                          f"samples, so that no class is told; look at weights that were set and at a membrane of your "
                          f"own, record='u' of a shorter input shows where it begins")
    y = states("y", "y", lags.readout, network.classes) if "readout" in needed(network, record) else np.empty(0)
    return Activity(
        logits=total / steps if network.kappa is None
        else smoothed(y, network.kappa),
        rates=[spiked.mean(axis=0) / steps for spiked in counts],
        counts=counts,
        spikes=[fired(read, f"spikes_{n}", (batch, steps, layer.N), network.encoding.dt, lags.u[n - 1])[:keep]
                for n, layer in layers] if "spikes" in record else [],
        u=[states(f"u_{n}", "u", lags.u[n - 1], layer.N) for n, layer in layers] if "u" in record else [],
        m=[states(f"m_{n}", "m", lag, layer.slow.d) if layer.slow and (lag := lags.m[n - 1]) is not None else None
           for n, layer in layers] if "m" in record else [],
        x=[states(f"x_{n}", "x", lag, 1) if (lag := lags.x[n - 1]) is not None else None
           for n, layer in layers] if "x" in record else [],
        readout=y if "readout" in record else None,
    )


def save(found: Activity, path: Path) -> None:
    """Write what `loaded` reads."""
    arrays: dict[str, Any] = {"logits": found.logits}
    if found.readout is not None:
        arrays["readout"] = found.readout
    for field in ("rates", "counts", "spikes", "u", "m", "x"):
        for number, array in enumerate(getattr(found, field)):
            arrays[f"{field}_{number}"] = np.empty(0) if array is None else array
    np.savez(path, **arrays)


def loaded(path: Path) -> Activity:
    """The activity that a process of ours wrote to `path`."""
    with np.load(path) as arrays:
        names = sorted(arrays.files, key=lambda name: (name.partition("_")[0], len(name), name))
        layers: dict[str, Any] = {"rates": [], "counts": [], "spikes": [], "u": [], "m": [], "x": []}
        for name in names:
            field = name.partition("_")[0]
            if field in layers:
                layers[field].append(arrays[name] if arrays[name].size else None)
        return Activity(logits=arrays["logits"], readout=arrays["readout"] if "readout" in names else None, **layers)
