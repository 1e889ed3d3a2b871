"""The limits of a chip: those that every description states (core), and those of every other file here.

A file with LIMITS, a tuple of Limit (dmpnet.hardware.limit), is found by being there.
"""

import importlib
import pkgutil

from dmpnet.hardware.limit import Limit
from dmpnet.hardware.limits import core
from dmpnet.hardware.limits.core import ARRAY, LEARNING, cores

__all__ = ["ARRAY", "FURTHER", "LEARNING", "RULES", "cores"]

FILES = sorted(file.name for file in pkgutil.iter_modules(__path__) if file.name != "core")
FURTHER: tuple[Limit, ...] = tuple(
    limit for file in FILES for limit in importlib.import_module(f"{__name__}.{file}").LIMITS)
"""Limits that a description may leave out."""
RULES = core.RULES + FURTHER
"""All limits of one core."""
