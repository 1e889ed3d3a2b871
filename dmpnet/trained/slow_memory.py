"""What the slow pathway of a trained layer adds."""

from collections.abc import Iterator
from dataclasses import dataclass, fields

import numpy as np

from dmpnet.disk.headers import real, shown, whole
from dmpnet.equations import memory
from dmpnet.errors import WeightsError
from dmpnet.trained.shapes import LONGEST, fits, rows

GROWS = 1e-6
"""By how much the spectral radius of Abar may exceed 1, as rounding leaves that of an orthogonal matrix: what m holds
then grows by a tenth in 100,000 steps. In integers m ends at its word anyway if that saturates, whatever the radius:
there Abar is not refused (of SRAM that holds wrong bits it may be any)."""


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

    def arrays(self) -> Iterator[tuple[str, np.ndarray]]:
        """Its arrays, by name; nu only where it has one."""
        for name in SLOW_ARRAYS:
            yield name, getattr(self, name)
        if self.nu is not None:
            yield "nu", self.nu

    def check(self, origin: str, name: str, n: int, channels: int, shift: int, ends: bool = False) -> None:
        """Raise WeightsError for what does not fit n neurons; `ends`: m has a word that saturates."""
        d = rows(self.Abar)
        if self.nu is not None:
            fits(origin, f"{name}.nu", self.nu, (n,))
        shapes = {"w_x": (channels,), "b_x": (), "W_m": (n, d), "b_m": (n,), "Abar": (d, d), "Bbar": (d,)}
        for key, shape in shapes.items():
            fits(origin, f"{name}.{key}", getattr(self, key), shape)
        if not whole(self.d_s) or not 1 <= self.d_s <= LONGEST:
            raise WeightsError(f"{origin}: {name}.d_s = {shown(self.d_s)}, but dilation counts steps; set 1 to "
                               f"{LONGEST}")
        if not real(self.theta) or self.theta <= 0:
            raise WeightsError(f"{origin}: {name}.theta = {shown(self.theta)}, but a window is a positive number of "
                               f"steps; set theta > 0")
        if self.acts not in memory.ACTS:
            raise WeightsError(f"{origin}: {name}.acts = {self.acts!r}, but the slow memory acts on one of "
                               f"{', '.join(memory.ACTS)}; choose one")
        self._check_blocks(origin, name, d)
        radius = max(np.abs(np.linalg.eigvals(self.Abar[block, block] * 0.5**shift)).max()
                     for block in memory.slices(self.all_blocks))
        if not (radius <= 1 + GROWS or ends):  # nor NaN, of values whose products overflow
            raise WeightsError(f"{origin}: {name}.Abar has spectral radius {radius:.10g}, above 1 + {GROWS:g}, so the "
                               f"slow memory grows without bound; use dmpnet.equations.memory.discrete(d, theta)")

    def _check_blocks(self, origin: str, name: str, d: int) -> None:
        """The blocks fill m, their window is theta, and Abar joins no blocks but those that `feed` joins."""
        if self.feed not in memory.FEEDS:
            raise WeightsError(f"{origin}: {name}.feed = {self.feed!r}, but it is one of {', '.join(memory.FEEDS)}; "
                               f"choose one")
        if not self.blocks:
            return
        for size, theta in self.blocks:
            if not whole(size) or size < 1 or not real(theta) or theta <= 0:
                raise WeightsError(f"{origin}: {name}.blocks has ({shown(size)}, {shown(theta)}), but a block is a "
                                   f"number of dimensions >= 1 and a window > 0; set them")
        if sum(size for size, _ in self.blocks) != d:
            raise WeightsError(f"{origin}: {name}.blocks has {sum(size for size, _ in self.blocks)} dimensions, but "
                               f"Abar has {d}; give blocks that add up to d")
        if not np.isclose(self.theta, memory.window(self.blocks, self.feed)):
            raise WeightsError(f"{origin}: {name}.theta = {self.theta!r}, but blocks {self.feed} to each other reach "
                               f"back {memory.window(self.blocks, self.feed):g} steps; set theta = "
                               f"memory.window(blocks, feed)")
        for block in memory.slices(self.blocks):
            before = [self.Abar[block, :block.start]] if self.feed == "parallel" else []
            apart = [self.Abar[block, block.stop:], *before]
            if any(part.any() for part in apart):
                raise WeightsError(f"{origin}: {name}.Abar joins blocks that are not joined in a {self.feed} memory; "
                                   f"use dmpnet.equations.memory.hierarchy(blocks, feed)")


MATRICES = ("Abar", "Bbar")
SLOW_ARRAYS = tuple(f.name for f in fields(SlowMemory) if f.type is np.ndarray)


def legendre_pathway(w_x: np.ndarray, b_x: float, W_m: np.ndarray, b_m: np.ndarray, theta: float, d_s: int = 1, *,
                     blocks: memory.Blocks = (), feed: str = "parallel", acts: str = "current") -> SlowMemory:
    """A slow memory whose Abar, Bbar are the frozen Legendre matrices for d = W_m.shape[1] and `theta`.

    blocks, feed : of a hierarchy, d = sum of d_i; their windows then take the place of `theta`
    """
    abar, bbar = memory.hierarchy(blocks or ((W_m.shape[1], theta),), feed)
    blocks = tuple((int(size), float(length)) for size, length in blocks)
    return SlowMemory(np.asarray(w_x), np.asarray(b_x), W_m, b_m, abar, bbar,
                      memory.window(blocks, feed) if blocks else float(theta), d_s, blocks, feed, acts)
