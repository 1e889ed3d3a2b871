"""The slow pathway of a layer in a chip's integers."""

from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from dmpnet.arithmetic.fixed import Fixed
from dmpnet.arithmetic.numpy_integers import product
from dmpnet.arithmetic.words import Word
from dmpnet.errors import DmpnetError
from dmpnet.hardware import basis
from dmpnet.hardware.changes import Log, RoundingLoss
from dmpnet.hardware.limit import named
from dmpnet.hardware.parts import Words
from dmpnet.hardware.rounding import compensated
from dmpnet.hardware.units import CLIPPED, Options, bits_left, brought_near, shift_for, unit_of
from dmpnet.reference.integers import IntegerLayer
from dmpnet.trained.activity import Activity
from dmpnet.trained.layer import Layer
from dmpnet.trained.slow_memory import SlowMemory

PIECE = 10_000  # steps of samples whose W_m m are held at a time


@dataclass(frozen=True)
class Seen:
    """What one layer did in calibration: input s_in (B, T, M) as it arrives in integers, trained m (B, T, d), x."""

    s_in: np.ndarray
    m: np.ndarray
    x: np.ndarray

    @cached_property
    def largest(self) -> np.ndarray:
        """(d,) the most that |m| was, dimension by dimension."""
        return np.maximum(self.m.max((0, 1)), -self.m.min((0, 1)))

    def heard(self, W_m: np.ndarray) -> np.ndarray:
        """(N,) the most that |W_m m| was."""
        m = self.m.reshape(-1, self.m.shape[2])
        return np.max([np.abs(m[at:at + PIECE] @ W_m.T).max(0) for at in range(0, len(m), PIECE)], axis=0)

    @classmethod
    def of(cls, activity: Activity, number: int, s_in: np.ndarray) -> "Seen":
        m, x = activity.m[number], activity.x[number]
        assert m is not None and x is not None
        return cls(activity.spikes[number - 1].astype(np.int64) if number else s_in, m, x)


def in_integers(layer: Layer, slow: SlowMemory, whole: Layer, fixed: Fixed, words: Words, unit_in: float, room: float,
                seen: Seen, options: Options, log: Log) -> tuple[Layer, Fixed]:
    """The layer with its slow memory, whose units leave `room` times what was seen.

    Of all bases, and with `clip` of less room for m, that with which the memory says what the trained one said.
    """
    def seen_in(abar: np.ndarray, bbar: np.ndarray, W_m: np.ndarray, m: np.ndarray) -> tuple[SlowMemory, Seen]:
        return replace(slow, Abar=abar, Bbar=bbar, W_m=W_m), replace(seen, m=m)

    bases = [(slow, seen)]
    if (D := options.held_in(slow.d)) > slow.d:
        bases = [seen_in(*basis.spread(slow, seen.m, D))]
    elif options.rotate:
        bases.append(seen_in(*basis.rotated(slow, seen.m)))
    candidates, heard = [], seen.heard(slow.W_m)  # in any coordinates
    for number, (held, went) in enumerate(bases):
        with suppress(*([DmpnetError] if number else [])):  # the other basis is not needed
            candidates += [_slow_with(part * room, layer, held, whole, fixed, words, unit_in, room, went, heard,
                                      options, log.layer)
                           for part in (CLIPPED if options.clip else (1.0,))]
    _, changes, whole, fixed = min(candidates, key=lambda each: each[0])  # what saturates unasked comes last
    log.changes.extend(changes)
    return whole, fixed


def _slow_with(room_m: float, layer: Layer, slow: SlowMemory, whole: Layer, fixed: Fixed, words: Words, unit_in: float,
               room: float, seen: Seen, heard: np.ndarray, options: Options,
               name: int | str) -> tuple[tuple[bool, float], list[RoundingLoss], Layer, Fixed]:
    """((whether m saturates unasked, squared error of what it says), changes, layer, its arithmetic) with `room_m`."""
    log = Log(name, [])
    largest_m = seen.largest
    largest_m = np.maximum(largest_m, 1e-3 * largest_m.max()) if options.balance else np.full(slow.d, largest_m.max())
    unit_m = room_m * np.where(largest_m > 0, largest_m, 1.0) / words.m.high
    unit_w = float(unit_of(slow.w_x, words.w_x, options.clip))
    high_x = min(words.x.high, words.m.high << Fixed.apart(words.I))  # finer, and Bbar x could not be added to Abar m
    shift_x = shift_for(unit_w * unit_in * high_x, room * float(seen.x.max()) or 1.0)
    unit_x = unit_w * unit_in * 2.0**shift_x
    abar, bbar = slow.Abar * unit_m / unit_m[:, None], slow.Bbar * unit_x / unit_m
    shift_m = bits_left(words.Abar, np.abs(abar).max(), words.I, (seen.largest / unit_m).max())
    shift_B = bits_left(words.Bbar, np.abs(bbar).max(), words.I, np.abs(bbar).max() * seen.x.max() / unit_x)
    shift_m, shift_B = brought_near(shift_m, shift_B, words.I)
    fixed = replace(fixed, shift_x=shift_x, shift_m=shift_m, shift_B=shift_B, unit_m=unit_m, unit_x=unit_x)
    memory = replace(
        slow, w_x=log.whole("w_x", slow.w_x / unit_w, words.w_x),
        b_x=log.whole("b_x", slow.b_x / (unit_w * unit_in), words.b),
        W_m=np.zeros((layer.N, slow.d), np.int64), b_m=np.zeros(layer.N, np.int8),
        Abar=_stable(log, abar * 2.0**shift_m, shift_m, words.Abar),
        Bbar=log.whole("Bbar", bbar * 2.0**shift_B, words.Bbar))
    read, full = _read_out(layer, slow, replace(whole, slow=memory), fixed, words, seen, heard, options)
    P, nu = (slice(None), slice(slow.d)), (slice(None), slow.d)
    memory = replace(memory, W_m=log.whole("P" if options.lookahead else "W_m", read.wanted[P], words.P, read.held[P]),
                     nu=log.whole("nu", read.wanted[nu], words.nu, read.held[nu]) if options.lookahead else None)
    return (full and not options.clip, read.error), log.changes, replace(whole, slow=memory), replace(
        fixed, shift_I=read.shift_I, shift_nu=read.shift_nu)


@dataclass(frozen=True)
class ReadOut:
    """P, beside nu where the chip breaks the dependency, (N, d + 1).

    wanted, held : in units of their words, before and after rounding;  error : squared, of what they give, but for a
    constant
    """

    wanted: np.ndarray
    held: np.ndarray
    error: float
    shift_I: int
    shift_nu: int


def _read_out(layer: Layer, slow: SlowMemory, whole: Layer, fixed: Fixed, words: Words, seen: Seen,
              heard: np.ndarray, options: Options) -> tuple[ReadOut, bool]:
    """What gives with the integer memory what W_m m gave, which was at most `heard`, and whether m saturated."""
    signals, full = _signals(whole, fixed, seen.s_in, options.lookahead)
    if options.lookahead:
        start = np.concatenate([slow.W_m @ slow.Abar * fixed.unit_m, (slow.W_m @ slow.Bbar * fixed.unit_x)[:, None]], 1)
    else:
        start = slow.W_m * fixed.unit_m
    high = np.array([words.m.high] * slow.d + [words.x.high] * options.lookahead, float)
    z = signals.reshape(-1, signals.shape[2])
    z /= high
    unit_I = (fixed.unit_u / layer.neuron.g)[:, None]
    start = start / unit_I * high
    gram, cross = z.T @ z / len(z), slow.W_m / unit_I @ (seen.m.reshape(len(z), -1).T @ z) / len(z)
    tried = [start]
    for penalty in np.geomspace(1, 1e-12, 25) if gram.any() else ():
        ridge = gram + penalty * np.trace(gram) / len(gram) * np.eye(len(gram))
        tried.append(start + np.linalg.solve(ridge, (cross - start @ gram).T).T)
    total, of_whole = (heard / unit_I[:, 0]).max(), (gram * np.outer(high, high), cross * high)
    return min((_in_words(matrix / high, slow.d, words, total, *of_whole, options.compensate) for matrix in tried),
               key=lambda each: each.error), full


def _in_words(matrix: np.ndarray, d: int, words: Words, total: float, gram: np.ndarray, cross: np.ndarray,
              compensate: bool) -> ReadOut:
    """`matrix`, P beside nu, in their words, which sums up to `total` have to fit; it reads whole numbers of second
    moment `gram`, and of moment `cross` with what it should give."""
    shift_I, shift_nu = (bits_left(word, np.abs(part).max(initial=0), words.I, total)
                         for word, part in ((words.P, matrix[:, :d]), (words.nu, matrix[:, d:])))
    shift_I, shift_nu = brought_near(shift_I, shift_nu, words.I)
    more = matrix.shape[1] - d
    scale = 2.0 ** np.array([shift_I] * d + [shift_nu] * more)
    inputs = gram if compensate else np.diag(np.diag(gram))
    held = compensated(matrix * scale, inputs / np.outer(scale, scale), [words.P] * d + [words.nu] * more)
    rounded = held / scale
    error = float(((rounded @ gram) * rounded).sum() - 2 * (rounded * cross).sum())
    return ReadOut(matrix * scale, held, error, shift_I, shift_nu)


def _signals(whole: Layer, fixed: Fixed, s_in: np.ndarray, lookahead: bool) -> tuple[np.ndarray, bool]:
    """What P reads of the integer layer on s_in (B, T, M), and beside it nu: m (B, T, d), or with `lookahead` the m
    before it and x (B, T, d + 1), in float64; and whether m left its word."""
    core, slow = IntegerLayer(whole, fixed, *s_in.shape[:2]), whole.slow
    assert slow is not None
    found = np.empty((*s_in.shape[:2], slow.d + lookahead))
    for k in range(s_in.shape[1]):
        before = np.asarray(core.m)
        core.carry_on(k, product(core.arriving(k, s_in[:, k]), core.w_x) + core.b_x)
        found[:, k] = np.concatenate([before, np.asarray(core.x)], axis=1) if lookahead else core.m
    return found, core.overflows["m"] > 0


def _stable(log: Log, abar: np.ndarray, shift_m: int, word: Word) -> np.ndarray:
    """Abar in integers; where rounding would let the memory grow without bound, all of it a little smaller first."""
    for part in (1.0, *np.arange(0.99, 0.3, -0.01)):
        rounded = np.clip(np.rint(part * abar), word.low, word.high) * 0.5**shift_m
        if np.abs(np.linalg.eigvals(rounded)).max() <= 1:
            return log.whole("Abar", part * abar, word)
    raise DmpnetError(f"{named(log.layer)}: Abar in {word.bits} bits makes its memory grow without bound; give Abar "
                      f"more bits")
