"""Spikes of a run for other tools: lines of text, and a neo.Block, which Elephant reads."""

import csv
import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from dmpnet.disk.headers import real, shown
from dmpnet.errors import DmpnetError
from dmpnet.system.progress import Progress, telling
from dmpnet.trained.activity import Activity

COLUMNS = ("sample", "layer", "neuron", "step", "s")


def lines(activity: Activity, dt: float) -> Iterator[tuple[int, int, int, int, float]]:
    """COLUMNS of every spike, layers from 1, the rest from 0; s: seconds from the beginning of the sample, at the
    beginning of the step."""
    _check(activity, dt)
    for number, spikes in enumerate(activity.spikes, 1):
        for sample, step, neuron in np.argwhere(spikes).tolist():
            yield sample, number, neuron, step, step * dt


def _check(activity: Any, dt: Any) -> None:
    """DmpnetError unless there are spikes of every layer, and a step."""
    if not isinstance(activity, Activity) or not activity.spikes:
        raise DmpnetError(f"spikes: {type(activity).__name__} without spikes of every step; give the Activity of a run "
                          f"with record='spikes'")
    if not real(dt) or dt <= 0:
        raise DmpnetError(f"spikes: dt = {shown(dt)}, but a step lasts some seconds; give network.encoding.dt")


def block(activity: Activity, dt: float, name: str = "dmpnet") -> Any:
    """A neo.Block: a segment a sample, in it a spike train a neuron, annotated with its layer (from 1) and number."""
    try:
        import neo
        import quantities as pq
    except ImportError as error:
        raise DmpnetError("neo: not installed, but spikes for Elephant are its blocks; pip install dmpnet[neo]"
                          ) from error
    _check(activity, dt)
    made = neo.Block(name=name)
    samples, steps = activity.spikes[0].shape[:2]
    for sample in range(samples):
        segment = neo.Segment(name=f"sample {sample}", index=sample)
        for number, spikes in enumerate(activity.spikes, 1):
            for neuron in range(spikes.shape[2]):
                times = np.flatnonzero(spikes[sample, :, neuron]) * dt
                segment.spiketrains.append(neo.SpikeTrain(times * pq.s, t_stop=steps * dt * pq.s, layer=number,
                                                          neuron=neuron, sampling_rate=1 / dt * pq.Hz))
        made.segments.append(segment)
    return made


def save_lines(activity: Activity, dt: float, path: Path) -> None:
    """`lines` as a .csv."""
    with open(path, "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        writer.writerows(lines(activity, dt))


def save_block(activity: Activity, dt: float, path: Path, progress: Progress = None) -> None:
    """`block` as a NIX file, which takes some ms a train.

    progress : called with (done, total) in spike trains; True or a name: a bar; None: silent
    """
    made = block(activity, dt)
    import neo

    class Told(neo.io.NixIO):
        """Counts trains; neo has no other way to ask how far it is."""

        def _write_spiketrain(self, *given: Any) -> None:
            super()._write_spiketrain(*given)
            tell(next(written))

    written, total = itertools.count(1), sum(len(segment.spiketrains) for segment in made.segments)
    with telling(progress, total, "train", "writing") as tell, Told(str(path), mode="ow") as file:
        file.write_block(made)
