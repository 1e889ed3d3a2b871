"""The limits of a chip: those that every description states (core), its banks, and those of every other file here.

A file with LIMITS, a tuple of Limit (dmpnet.hardware.limit), is found by being there.
"""

import importlib
import pkgutil
from collections.abc import Callable

from dmpnet.hardware.banks import BANKS, LEARNING_BANKS
from dmpnet.hardware.limit import Core, Limit, Need
from dmpnet.hardware.limits import core
from dmpnet.hardware.limits.core import cores
from dmpnet.hardware.parts import Chip

__all__ = ["ARRAY", "FURTHER", "LEARNING", "RULES", "cores"]

FILES = sorted(file.name for file in pkgutil.iter_modules(__path__) if file.name != "core")
FURTHER: tuple[Limit, ...] = tuple(
    limit for file in FILES for limit in importlib.import_module(f"{__name__}.{file}").LIMITS)
"""Limits that a description may leave out."""
RULES: tuple[Callable[[Core, Chip], Need | None], ...] = (*core.RULES, *(bank.need for bank in BANKS), *FURTHER)
"""All limits of one core."""
LEARNING = tuple(bank.need for bank in LEARNING_BANKS)
"""Limits of cores that learn, beside RULES."""
ARRAY = (core.neurons, core.fan_in, BANKS[0].need, *LEARNING)
"""Limits of an array that learns by itself."""
