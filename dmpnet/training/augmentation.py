"""Samples changed at random in training, so that the network meets voices it has not heard."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from dmpnet.training.recipe import Recipe


def augmented(s_in: np.ndarray, recipe: Recipe, seed: int, grid: tuple[int, int, int] | None = None,
              permutation: np.ndarray | None = None) -> np.ndarray:
    """s_in (B, T, M), each sample moved, stretched and thinned by its own draw; what moves out is lost.

    A value at step k, channel j comes from step (k - dt) / rate and channel j - dc, rounded, of the recording; on a
    `grid` (planes, rows, columns), of channels or, with one channel, of steps in the order of `permutation`, images
    move by whole pixels.
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
        if dt or dc or recipe.stretch:
            k = np.rint((np.arange(steps) - dt) / rate).astype(int)
            inside = (k >= 0) & (k < steps)
            changed[:] = 0
            changed[inside, max(dc, 0) : channels + min(dc, 0)] = sample[k[inside],
                                                                         max(-dc, 0) : channels + min(-dc, 0)]
        else:
            changed[:] = sample
        if recipe.shift_pixels and grid:
            by = draw.randint(-recipe.shift_pixels, recipe.shift_pixels + 1, 2)
            if channels == 1:
                order = slice(None) if permutation is None else permutation
                image = np.empty(steps, s_in.dtype)
                image[order] = changed[:, 0]
                changed[:, 0] = moved(image.reshape(grid), *by).reshape(steps)[order]
            else:
                changed[:] = moved(changed.reshape(steps, *grid), *by).reshape(steps, channels)
        if recipe.drop_events:
            changed *= draw.random_sample(changed.shape) >= draw.uniform(0, recipe.drop_events)
    return out


def coarser(s_in: np.ndarray, steps: int, kind: str) -> np.ndarray:
    """s_in (B, T, M) in steps `steps` times as long: analog input averaged over them, spikes where there was one.

    A last step that is not whole is filled up with silence.
    """
    if steps == 1:
        return s_in
    B, T, M = s_in.shape
    whole = np.pad(s_in, ((0, 0), (0, -T % steps), (0, 0))).reshape(B, -1, steps, M)
    return whole.mean(2) if kind == "analog" else whole.max(2)


def moved(images: np.ndarray, dy: int, dx: int) -> np.ndarray:
    """images (..., rows, columns), dy rows down and dx columns to the right, 0 where nothing comes from."""
    rows, columns = images.shape[-2:]
    out = np.zeros_like(images)
    out[..., max(dy, 0) : rows + min(dy, 0), max(dx, 0) : columns + min(dx, 0)] = \
        images[..., max(-dy, 0) : rows + min(-dy, 0), max(-dx, 0) : columns + min(-dx, 0)]
    return out
