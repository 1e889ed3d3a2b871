"""Which samples of a test set a network classified as labelled, as its record keeps them: group by group."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from dmpnet.data import Recordings
from dmpnet.errors import DmpnetError

ALL = ""
"""The one group where the data do not tell any."""


def record(predictions: NDArray, recordings: Recordings) -> dict[str, list[Any]]:
    """By group (speaker), or ALL: how many samples, and which were right, in the order of the data: a bit a sample in
    hexadecimal digits, or the fraction of its steps where steps have labels."""
    right = predictions == recordings.labels
    groups = recordings.speakers
    parts = {ALL: right} if groups is None else {str(who): right[groups == who] for who in np.unique(groups)}
    return {who: [len(some), np.packbits(some).tobytes().hex() if some.ndim == 1
                  else some.mean(axis=1).round(6).tolist()] for who, some in parts.items()}


def read(kept: dict[str, list[Any]]) -> tuple[NDArray, NDArray | None]:
    """(n,) right, 0 to 1, sorted by group, and (n,) the group of each; None where there is one alone."""
    try:
        parts = [np.asarray(some, float) if isinstance(some, list) else
                 np.unpackbits(np.frombuffer(bytes.fromhex(some), np.uint8))[:n].astype(float)
                 for n, some in kept.values()]
        sizes = [n for n, _ in kept.values()]
        if [len(part) for part in parts] != sizes:
            raise ValueError(f"{[len(part) for part in parts]} answers, not {sizes}")
    except (ValueError, TypeError, AttributeError) as error:
        raise DmpnetError(f"right: no samples by group ({error}); make the record again: dmpnet table1 --retrain"
                          ) from error
    return np.concatenate(parts), np.repeat(list(kept), sizes) if len(kept) > 1 else None


def of_seeds(runs: list[dict[str, Any]]) -> tuple[NDArray, NDArray | None]:
    """Right (seeds, samples) and groups of a row's records, for `intervals`.

    Of records that do not say which samples, as many right as they say of their samples, all seeds wrong on the same
    ones (what then varies with the samples is most); where not even their number is said, accuracies (seeds,) alone
    """
    if all("right" in run for run in runs):
        each = [read(run["right"]) for run in runs]
        if len({len(right) for right, _ in each}) == 1:
            return np.stack([right for right, _ in each]), each[0][1]
    accuracies = np.array([run["accuracy_brian2"] / 100 for run in runs])
    samples = {run.get("samples") for run in runs}
    if len(samples) > 1 or None in samples:
        return accuracies, None
    n, = samples
    return (np.arange(n) < np.rint(n * accuracies)[:, None]).astype(float), None


def by_group(right: NDArray, groups: NDArray | None) -> dict[str, float]:
    """Percent right of each group, mean over seeds; none where there are no groups."""
    if groups is None:
        return {}
    return {str(who): 100 * float(right[:, groups == who].mean()) for who in np.unique(groups)}
