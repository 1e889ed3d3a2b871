"""How sure an accuracy, or a difference of two, is: 95 % intervals by bootstrap over groups or samples and seeds; and,
where no record says which samples were right, of their number or of a few seeds."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import stdtr, stdtrit  # SciPy's statistics take a second to import

from dmpnet.errors import DmpnetError

LEVEL = 0.95
DRAWS = 5_000
EXACT = 16
"""Units whose signs are flipped in every way; more are flipped DRAWS times at random."""


@dataclass(frozen=True)
class Interval:
    """A mean and where it lies with probability LEVEL; p : of a mean as far from 0 if it were 0 (two-sided).

    seeds, units : what was resampled: seeds, and groups where told, else samples; one of a kind says nothing of how
        they differ, and the interval is that of the others alone
    """

    mean: float
    low: float
    high: float
    p: float
    seeds: int
    units: int


def span(low: float | None, high: float | None, decimals: int = 2) -> str:
    """An interval in percent as text, '' where it is not known."""
    return "" if low is None or high is None else f"{low:.{decimals}f}-{high:.{decimals}f}"


def bootstrap(correct: ArrayLike, groups: ArrayLike | None = None) -> Interval:
    """The interval of an accuracy.

    correct : (seeds, samples), 1 where a network was right; (seeds,) accuracies, where samples are not known. All seeds
        saw the same samples
    groups : (samples,) who or what each sample is from (speaker, patient): what is drawn anew is then whole groups,
        since samples of one are alike; None: samples

    The variance is that over seeds (of samples' means) and that over units (of seeds' means), each by drawing n - 1 of
    n with replacement, which is unbiased (Rao and Wu 1988, J Am Stat Assoc 83:231); what varies with both is in both,
    so that their sum is rather too large. The interval is Student's, with Welch and Satterthwaite's degrees of freedom:
    of few speakers or seeds percentiles would be too narrow. Groups of unequal size count as their effective number.
    """
    values = _rows(correct)
    if ((values < 0) | (values > 1)).any():
        raise DmpnetError(f"intervals: accuracies from {values.min():g} to {values.max():g}, but they lie between 0 "
                          f"and 1; divide percent by 100")
    found = _interval(values, groups)
    if found.mean in (0.0, 1.0) and found.units > 1:  # nothing differs; exact for a binomial
        beyond = ((1 - LEVEL) / 2) ** (1 / found.units)
        return replace(found, low=beyond, high=1.0) if found.mean else replace(found, low=0.0, high=1 - beyond)
    return replace(found, low=max(found.low, 0.0), high=min(found.high, 1.0)) if found.low < found.high else found


def paired_difference(first: ArrayLike, second: ArrayLike, groups: ArrayLike | None = None) -> Interval:
    """The interval of how much more often `first` is right than `second`, on the same samples with the same seeds.

    first, second, groups : as `correct` and `groups` of `bootstrap`, row by row of one seed. p agrees with the
        interval: below 1 - LEVEL where 0 is outside
    """
    return _interval(_rows(_paired(first, second)), groups)


def _paired(first: ArrayLike, second: ArrayLike) -> NDArray:
    """What `first` has more, place by place; DmpnetError unless both have the same places, all of them numbers."""
    one, other = np.array(first, float), np.array(second, float)
    if one.shape != other.shape:
        raise DmpnetError(f"intervals: a pair of shapes {one.shape} and {other.shape}, but both must have the same "
                          f"seeds and samples; leave out those that one lacks")
    if not np.isfinite(one - other).all():
        raise DmpnetError("intervals: NaN or infinite in a pair, but all of it are numbers; leave such samples out of "
                          "both")
    return one - other


def sign_flips(first: ArrayLike, second: ArrayLike, groups: ArrayLike | None = None) -> float:
    """p of a paired difference without any distribution: how often it is as large once units' signs are drawn anew.

    Units are groups, samples, or seeds where samples are not known. All signs where units are at most EXACT: of n, p is
    at least 2 / 2^n (three seeds: 0.25)
    """
    difference = _paired(first, second)
    if groups is not None and difference.ndim == 1:
        raise DmpnetError("intervals: groups of samples, but one number a seed; give what each sample came to")
    sums = difference if difference.ndim == 1 else by_group(difference.mean(axis=0), groups)[0]
    sums = sums[sums != 0]
    if not len(sums):
        return 1.0
    reached = abs(sums.sum()) * (1 - 1e-12)
    if len(sums) <= EXACT:
        signs = 1 - 2 * (np.arange(2 ** len(sums))[:, None] >> np.arange(len(sums)) & 1)
        return float(np.mean(np.abs(signs @ sums) >= reached))
    sizes, counts = np.unique(np.abs(sums), return_counts=True)
    drawn = np.random.default_rng(0).binomial(counts, 0.5, (DRAWS, len(counts)))
    return float((1 + np.sum(np.abs((2 * drawn - counts) @ sizes) >= reached)) / (1 + DRAWS))


def of_samples(percent: float, samples: int) -> tuple[float, float]:
    """95 % interval of an accuracy in percent over the samples that it was measured on."""
    right = min(max(percent / 100, 0.0), 1.0)
    half = 196 * float(np.sqrt(right * (1 - right) / max(samples, 1)))
    return percent - half, percent + half


def student(values: Sequence[float]) -> tuple[float, float] | None:
    """95 % interval of a mean of a few, None of one or two, which would say nothing."""
    if len(values) < 3:
        return None
    half = float(np.std(values, ddof=1) / np.sqrt(len(values)) * stdtrit(len(values) - 1, (1 + LEVEL) / 2))
    return float(np.mean(values)) - half, float(np.mean(values)) + half


def by_group(values: NDArray, groups: ArrayLike | None) -> tuple[NDArray, NDArray]:
    """Sum of `values` in each group, and how many they are; without groups each is one."""
    if groups is None:
        return values, np.ones(len(values))
    if np.shape(groups) != values.shape:
        raise DmpnetError(f"intervals: {np.shape(groups)} groups for {values.shape} samples; give one a sample")
    _, place = np.unique(np.asarray(groups), return_inverse=True)
    return np.bincount(place, values), np.bincount(place).astype(float)


def _rows(correct: ArrayLike) -> NDArray:
    """(seeds, samples), one sample where it was (seeds,); DmpnetError where it is no such table."""
    values = np.array(correct, float)
    values = values[:, None] if values.ndim == 1 else values
    if values.ndim != 2 or not values.size or not np.isfinite(values).all():
        raise DmpnetError(f"intervals: correct of shape {np.shape(correct)}, but it must be finite, (seeds, samples) "
                          f"or (seeds,), and not empty; give a row a seed")
    return values


def _interval(values: NDArray, groups: ArrayLike | None) -> Interval:
    """Of a mean (seeds, samples); nan where nothing differs."""
    sums, sizes = by_group(values.mean(axis=0), groups)
    mean, seeds, units = float(values.mean()), len(values), len(sums)
    levels = [(values.mean(axis=1), np.ones(seeds)), (sums, sizes)]
    spread = [(_variance(*level), _freedom(level[1])) for level in levels if len(level[0]) > 1]
    variance = sum(part for part, _ in spread)
    if not variance:
        return Interval(mean, np.nan, np.nan, np.nan, seeds, units)
    freedom = variance ** 2 / sum(part ** 2 / degrees for part, degrees in spread)
    error = np.sqrt(variance)
    half = float(error * stdtrit(freedom, (1 + LEVEL) / 2))
    p = float(2 * stdtr(freedom, -abs(mean) / error))
    return Interval(mean, mean - half, mean + half, p, seeds, units)


def _variance(sums: NDArray, sizes: NDArray) -> float:
    """Of sum / size, with n - 1 of n units drawn with replacement; units that are equal are drawn by their number."""
    units, counts = np.unique(np.column_stack([sums, sizes]), axis=0, return_counts=True)
    drawn = np.random.default_rng(0).multinomial(len(sums) - 1, counts / len(sums), DRAWS)
    totals = drawn @ units
    return float(np.var(totals[:, 0] / totals[:, 1]))


def _freedom(sizes: NDArray) -> float:
    """Degrees of freedom of a mean over groups: one less than their effective number (Kish 1965, Survey Sampling)."""
    return max(float(sizes.sum() ** 2 / (sizes ** 2).sum()) - 1, 1.0)
