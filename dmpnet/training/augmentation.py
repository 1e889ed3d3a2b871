"""Samples changed at random in training, so that the network meets voices it has not heard."""

import numpy as np

from dmpnet.training.recipe import Recipe


def augmented(s_in: np.ndarray, recipe: Recipe, seed: int, grid: tuple[int, int, int] | None = None) -> np.ndarray:
    """s_in (B, T, M), each sample moved, stretched and thinned by its own draw; what moves out is lost.

    A value at step k, channel j comes from step (k - dt) / rate and channel j - dc, rounded, of the recording; on a
    `grid` of channels (planes, rows, columns) images move by whole pixels.
    """
    if not (recipe.shift_steps or recipe.shift_channels or recipe.shift_pixels or recipe.stretch or recipe.drop_events):
        return s_in
    draw = np.random.RandomState(seed)
    _, steps, channels = s_in.shape
    out = np.empty_like(s_in)
    for sample, changed in zip(s_in, out, strict=True):
        dt = draw.randint(-recipe.shift_steps, recipe.shift_steps + 1)
        dc = draw.randint(-recipe.shift_channels, recipe.shift_channels + 1)
        rate = 1 + recipe.stretch * draw.uniform(-1, 1)
        k = np.rint((np.arange(steps) - dt) / rate).astype(int)
        changed[:] = 0
        inside = (k >= 0) & (k < steps)
        changed[inside, max(dc, 0) : channels + min(dc, 0)] = sample[k[inside], max(-dc, 0) : channels + min(-dc, 0)]
        if recipe.shift_pixels and grid:
            images = changed.reshape(steps, *grid)
            images[:] = moved(images, *draw.randint(-recipe.shift_pixels, recipe.shift_pixels + 1, 2))
        if recipe.drop_events:
            changed *= draw.random_sample(changed.shape) >= draw.uniform(0, recipe.drop_events)
    return out


def moved(images: np.ndarray, dy: int, dx: int) -> np.ndarray:
    """images (..., rows, columns), dy rows down and dx columns to the right, 0 where nothing comes from."""
    rows, columns = images.shape[-2:]
    out = np.zeros_like(images)
    out[..., max(dy, 0) : rows + min(dy, 0), max(dx, 0) : columns + min(dx, 0)] = \
        images[..., max(-dy, 0) : rows + min(-dy, 0), max(-dx, 0) : columns + min(-dx, 0)]
    return out
