"""Whether what a recipe counts is there: steps, channels and pixels of its data."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dmpnet.data.catalogue import DATASETS
from dmpnet.data.recordings import Recordings
from dmpnet.errors import DmpnetError

if TYPE_CHECKING:
    from dmpnet.training.recipe import Recipe

OF_STEPS, OF_CHANNELS, OF_PIXELS = ("d_s", "coarse", "delay_max", "shift_steps"), ("shift_channels",), ("shift_pixels",)


def check_unread(recipe: Recipe) -> None:
    """As `check`, and whether there is such a network, before the data set is read: its record tells its sizes."""
    architecture = recipe.architecture
    for number in range(len(recipe.sizes) - 2):
        architecture.pathway(number)
    found = DATASETS[recipe.dataset]
    _at_most(recipe, recipe.dataset, found.T, "steps", OF_STEPS)
    _at_most(recipe, recipe.dataset, found.channels, "channels", OF_CHANNELS)


def check(recipe: Recipe, recordings: Recordings) -> None:
    """Raise DmpnetError if a setting that counts steps, channels or pixels is more than `recordings` have."""
    (_, steps, channels), grid = recordings.values.shape, recordings.grid
    if recipe.shift_pixels and grid is None:
        raise DmpnetError(f"recipe: shift_pixels = {recipe.shift_pixels}, but the input of {recordings.name} is no "
                          f"image; set 0")
    _at_most(recipe, recordings.name, steps, "steps", OF_STEPS)
    _at_most(recipe, recordings.name, channels, "channels", OF_CHANNELS)
    _at_most(recipe, recordings.name, min(grid[1:]) if grid else 0, "pixels a side", OF_PIXELS)


def _at_most(recipe: Recipe, data: str, most: int, what: str, names: tuple[str, ...]) -> None:
    for name in names:
        if (value := getattr(recipe, name)) > most:
            raise DmpnetError(f"recipe: {name} = {value}, but {data} has {most} {what}; set {name} <= {most}")
