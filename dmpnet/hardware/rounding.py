"""Rounding a matrix with its inputs in mind: what one column loses, those after it make up for.

Rounded to the nearest, each weight errs on its own; but the inputs of a matrix go together, most of all the dimensions
of a slow memory, so that an error in one column can be undone by others. With G the second moment of the inputs z, the
square of (Q - W) z is least, column after column, if the columns not yet rounded move by what Optimal Brain Surgeon
says (Hassibi & Stork 1993; Frantar et al. 2023, whose order of steps and damping these are).
"""

from collections.abc import Sequence

import numpy as np

from dmpnet.arithmetic.words import Word

DAMPING = 1e-4  # of the mean of G's diagonal is added to all of it


def compensated(matrix: np.ndarray, gram: np.ndarray, words: Sequence[Word]) -> np.ndarray:
    """Whole numbers near `matrix` (n, k), column j in word j, whose products with the inputs differ least.

    gram : (k, k) second moment of the inputs, in the units of the columns
    """
    order = np.argsort(-np.diag(gram), kind="stable")  # first what matters most, while there is much left to move
    damped = gram[np.ix_(order, order)] + DAMPING * (np.trace(gram) / len(gram) or 1.0) * np.eye(len(gram))
    after = np.linalg.cholesky(np.linalg.inv(damped)).T
    left, found = matrix[:, order].astype(float), np.empty(matrix.shape)
    for j, column in enumerate(order):
        found[:, column] = words[column].nearest(left[:, j])
        left[:, j + 1 :] -= np.outer((left[:, j] - found[:, column]) / after[j, j], after[j, j + 1 :])
    return found
