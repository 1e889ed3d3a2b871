"""Image after image shown to a competing network, in Brian2; nothing of it is Python once a run has begun."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from brian2 import NeuronGroup, get_device, second, volt

from dmpnet.arithmetic import lfsr
from dmpnet.brian import programs
from dmpnet.learning import competition
from dmpnet.learning.competition import Competition
from dmpnet.plasticity.protocols import brian2_on
from dmpnet.plasticity.rules.binary import registers
from dmpnet.system.progress import Progress, part, telling

if TYPE_CHECKING:
    from dmpnet.learning.learned import Learned

PRESENTATIONS = 500
"""Of a run, between two checkpoints: some seconds in C++."""


@dataclass(frozen=True, eq=False)
class State:
    """All that a network carries from one presentation to the next.

    w, theta : (inputs, N) weights, (N,) adaptive part of the thresholds in volt
    shown : presentations so far
    intensity, count : of the last one: how bright, and how many spikes it brought; fewer than `fewest` repeats it
    writes : (inputs, N), how often each weight was written with another code, on a chip; else None
    """

    w: np.ndarray
    theta: np.ndarray
    shown: int
    intensity: int
    count: int
    writes: np.ndarray | None = None


def beginning(settings: Competition) -> State:
    """The state before the first image."""
    writes = np.zeros((settings.inputs, settings.N), np.int64) if settings.chip else None
    return State(**competition.start(settings), shown=0, intensity=settings.intensity, count=settings.fewest,
                 writes=writes)


class Shows:
    """A Brian2 network on a back end, built once; `show` runs it on images."""

    def __init__(self, settings: Competition, presentations: int = PRESENTATIONS, learns: bool = True):
        self.settings, self.presentations = settings, presentations
        self.network, self.pixels = competition.build(settings, presentations, learns)
        self.compiled = get_device().__class__.__name__ != "RuntimeDevice"
        if self.compiled:
            self._run()
            get_device().build(directory=get_device().build_options["directory"], compile=True, run=False)
        else:
            self.network.store()

    def _run(self) -> None:
        self.network.run(self.presentations * self.settings.present * second, namespace={})

    def show(self, state: State, images: np.ndarray) -> tuple[State, np.ndarray]:
        """The state after, and the spikes (n, N) in response to the n <= len(images) images that are through.

        images : (<= presentations, inputs) uint8; the first goes on where `state` stopped, if it was not through
        """
        played = np.zeros((self.presentations, self.settings.inputs))
        played[:len(images)] = images
        again = state.count < self.settings.fewest and state.intensity < self.settings.brightest
        integers = {"image": 0 if again else -1, "last": len(images), "shown": state.shown,
                    "intensity": state.intensity, "count": state.count}
        read = self._execute(state, integers, played)
        counts = self._counts(read)
        chosen, used, last = _through(counts.sum(axis=1), len(images), state, self.settings)
        w, theta = read("plastic", "w").reshape(state.w.shape), read("exc", "theta")
        writes = state.writes
        if writes is not None and "writes" in self.network["plastic"].variables:
            writes = writes + read("plastic", "writes").reshape(w.shape)
        return State(w, theta, state.shown + used, *last, writes), counts[chosen]

    def _execute(self, state: State, integers: dict[str, int], played: np.ndarray) -> programs.Read:
        """Run; how to read what it did, once it is proved that it came to its end."""
        network = self.network
        if not self.compiled:
            network.restore()
            self.pixels.values[:] = played
            network["plastic"].w = state.w.ravel()
            network["exc"].theta = state.theta * volt
            for name, value in integers.items():
                setattr(network["shown"], name, value)
            for traces, words in self._registers(state.shown):
                traces.r = words
            self._run()
            return self._finished()
        device = get_device()
        arguments = {getattr(network["shown"], name): value for name, value in integers.items()}
        arguments |= {traces.r: words for traces, words in self._registers(state.shown)}
        device.run(run_args={**arguments, network["plastic"].w: state.w.ravel(), network["exc"].theta:
                             state.theta * volt, self.pixels: played}, with_output=False)
        project = Path(device.project_dir)
        programs.check_inputs(device, project, [state.w, state.theta, played, *(np.asarray(words) for _, words
                                                                               in self._registers(state.shown))])
        for file in (project / "static_arrays").glob("init_*"):  # a new one for each value
            file.unlink()
        return self._finished()

    def _finished(self) -> programs.Read:
        names = [f"plastic.{name}" for name in ("w", "writes") if name in self.network["plastic"].variables]
        return programs.finished(self.network, self.presentations * self.settings.present, [*names, "exc.theta"])

    def _registers(self, shown: int) -> list[tuple[NeuronGroup, np.ndarray]]:
        """Shift registers as they are after so many presentations, with the neurons' traces whose they are."""
        names = [f"plastic_{side}_traces" for side in ("pre", "post")]
        groups = [made for made in self.network.objects if made.name in names and "r" in made.variables]
        made = self.settings.integers
        if made is None or not groups:
            return []
        words = lfsr.later(registers(self.settings.inputs + self.settings.N), made.words * shown * self.settings.steps)
        sides = dict(zip(names, np.split(words.astype(np.int32), [self.settings.inputs]), strict=True))
        return [(group, sides[group.name]) for group in groups]

    def _counts(self, read: programs.Read) -> np.ndarray:
        """(presentations, N) spikes."""
        settings = self.settings
        step = np.rint(read("spikes", "t") / settings.dt).astype(int)
        place = step // settings.steps * settings.N + read("spikes", "i")
        return np.bincount(place, minlength=self.presentations * settings.N).reshape(-1, settings.N)


def _through(totals: np.ndarray, images: int, state: State,
             settings: Competition) -> tuple[list[int], int, tuple[int, int]]:
    """Presentations that were enough, one an image; how many were used; intensity and spikes of the last."""
    chosen: list[int] = []
    intensity, count, used = state.intensity, state.count, 0
    for number, total in enumerate(totals.tolist()):
        if len(chosen) == images:
            break
        enough = count >= settings.fewest or intensity >= settings.brightest
        intensity, count, used = settings.intensity if enough else intensity + 1, total, number + 1
        if count >= settings.fewest or intensity >= settings.brightest:
            chosen.append(number)
    return chosen, used, (intensity, count)


@contextlib.contextmanager
def opened(settings: Competition, presentations: int = PRESENTATIONS, learns: bool = True,
           backend: str = "cpp_standalone") -> Iterator[Shows]:
    """A network ready to be shown images; Brian2 as it was, after."""
    with brian2_on(backend, settings.dt, **({"build_on_run": False} if backend == "cpp_standalone" else {})):
        yield Shows(settings, presentations, learns)


def responses(state: State, images: np.ndarray, shown: Shows, progress: Progress = None) -> np.ndarray:
    """(n, N) spikes of a network that no longer learns, in response to all images.

    progress : called with (done, total) in images; True or a name: a bar; None: silent
    """
    counts: list[np.ndarray] = []
    done = 0
    with telling(progress, len(images), "image", "answering") as tell:
        while done < len(images):
            state, spikes = shown.show(state, images[done:done + shown.presentations])
            counts.append(spikes)
            done += len(spikes)
            tell(done)
    return np.concatenate(counts)


def answers(learned: Learned, *sets: np.ndarray, presentations: int = PRESENTATIONS,
            backend: str = "cpp_standalone", progress: Progress = None) -> list[np.ndarray]:
    """(n, N) spikes of the frozen network in response to each of the sets of images (n, inputs).

    Each set meets the same chances, whatever is shown beside it.
    progress : called with (done, total) in images of all sets; True or a name: a bar; None: silent
    """
    state = State(learned.w, learned.theta, 0, learned.settings.intensity, learned.settings.fewest)
    before, spikes = 0, []
    with (opened(learned.settings, min(presentations, max(map(len, sets))), False, backend) as shown,
          telling(progress, sum(map(len, sets)), "image", "answering") as tell):
        for images in sets:
            spikes.append(responses(state, images, shown, part(tell, before)))
            before += len(images)
    return spikes
