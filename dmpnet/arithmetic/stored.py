"""The integers of a layer as files hold them: words and shifts in the header, thresholds and units as arrays."""

from collections.abc import Callable

import numpy as np

from dmpnet.arithmetic.fixed import FIXED_ARRAYS, WORDS, Fixed
from dmpnet.arithmetic.words import Word
from dmpnet.disk.headers import record


def fixed(facts: dict, what: str, array: Callable[[str], np.ndarray]) -> Fixed:
    """How a layer computes in integers, from what a header says of it and its arrays by name."""
    words = {name: record(Word, facts[name], f"{what}: {name}") for name in WORDS}
    return record(Fixed, {key: value for key, value in facts.items() if key not in WORDS}, what, **words,
                  **{key: array(key) for key in FIXED_ARRAYS})
