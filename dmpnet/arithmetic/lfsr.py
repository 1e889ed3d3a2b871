"""Random bits as chips make them: a linear feedback shift register, the same numbers wherever they are drawn.

Galois form of x^16 + x^14 + x^13 + x^11 + 1, which is primitive: every state but 0 comes once in 2^16 - 1 shifts.

A word is 16 shifts after the one before, so that they share no bit. 16 and 2^16 - 1 have no common divisor: 2^16 - 1
words pass before they repeat. (States one shift apart share 15 bits and have a correlation of 0.38; so have words whose
numbers differ by 4,096, the inverse of 16 modulo 2^16 - 1. Nearer than that all have less than 0.05, to 1,342 none.)
"""

import zlib
from functools import cache
from typing import Any

import numpy as np

from dmpnet.errors import DmpnetError

BITS = 16
TAPS = 0xB400
PERIOD = (1 << BITS) - 1


def following(state: Any) -> Any:
    """The state after `state`, or of each of an array."""
    return state >> 1 ^ TAPS * (state & 1)


@cache
def leap() -> np.ndarray:
    """(256,) what the lowest byte leaves in the register when it is shifted out, 8 shifts at once."""
    states = np.arange(256, dtype=np.int64)
    for _ in range(8):
        states = following(states)
    return states


def ahead(state: Any, words: int) -> np.ndarray:
    """The state `words` times BITS shifts on, of each of an array; a byte at a time."""
    state = np.asarray(state)
    for _ in range(words * BITS // 8):
        state = state >> 8 ^ leap()[state & 255]
    return state


@cache
def _cycle() -> np.ndarray:
    """All PERIOD states in order, from 1."""
    states = np.empty(PERIOD, np.uint16)
    state = 1
    for number in range(PERIOD):
        states[number] = state
        state = following(state)
    return states


@cache
def _place() -> np.ndarray:
    """Where in the cycle each state is."""
    place = np.zeros(1 << BITS, np.int64)
    place[_cycle()] = np.arange(PERIOD)
    return place


def later(state: Any, words: int) -> np.ndarray:
    """`ahead` for any number of words, at once, of states other than 0."""
    return _cycle()[(_place()[np.asarray(state)] + words * BITS) % PERIOD]


def states(count: int, seed: int = 1) -> np.ndarray:
    """(count,) uint16 from `seed` on, which is the first."""
    if not 0 < seed <= PERIOD:
        raise DmpnetError(f"LFSR: seed = {seed}, but a register of {BITS} bits runs from 1 to {PERIOD}; set it there")
    return np.resize(np.roll(_cycle(), -_place()[seed]), count)


def words(count: int, seed: int) -> np.ndarray:
    """(count,) uint16, 16 shifts apart, from `seed` on, which is the first."""
    return np.resize(states(PERIOD, seed)[np.arange(PERIOD) * BITS % PERIOD], count)


def seeded(*of: int | str) -> int:
    """A first state, 1 to PERIOD, for what these name."""
    return zlib.crc32(" ".join(map(str, of)).encode()) % PERIOD + 1


def noise(steps: int, units: int, name: str, seed: int = 0) -> np.ndarray:
    """(steps, units) int64 of the register that rounds quantity `name`: a word a unit and step, unit after unit.

    seed : of the layer. A register starts from it with every sample, so that what a sample gives does not hang on those
        before it
    """
    return words(steps * units, seeded(name, seed)).astype(np.int64).reshape(steps, units)
