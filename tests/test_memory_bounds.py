"""Which slow memories are held: those that keep all they hold, to rounding; and where integers end."""

from dataclasses import replace

import numpy as np
import pytest
from networks import random_network

from dmpnet import reference
from dmpnet.arithmetic.words import Word
from dmpnet.errors import WeightsError
from dmpnet.hardware import chip
from dmpnet.hardware.constrain import constrain


def signed_permutation(rng, d):
    """(d, d) of which every row and column has one +1 or -1: orthogonal, all eigenvalues on the unit circle."""
    return np.eye(d)[rng.permutation(d)] * rng.choice([-1.0, 1.0], (d, 1))


def with_memory(network, Abar):
    layer = network.layers[0]
    return replace(network, layers=(replace(layer, slow=replace(layer.slow, Abar=Abar)), *network.layers[1:]))


def test_a_memory_that_keeps_all_it_holds_is_no_memory_that_grows():
    """Rounding alone puts the radius of most of them above 1; 1e-6 more is held too, twice as much is not."""
    network, rng = random_network(d=6), np.random.default_rng(0)
    all_of_them = [signed_permutation(rng, 6) for _ in range(300)]
    for Abar in all_of_them:
        with_memory(network, Abar)
    assert sum(np.abs(np.linalg.eigvals(Abar)).max() > 1 for Abar in all_of_them) > 100
    with_memory(network, (1 + 0.9e-6) * all_of_them[0])
    with pytest.raises(WeightsError, match="radius 1.000002, above 1 . 1e-06, so .* without bound"):
        with_memory(network, (1 + 2e-6) * all_of_them[0])


def in_integers(Abar, overflow="saturate"):
    """m[k] = Abar m[k-1] + 40 in a word of 8 bits."""
    network = constrain(random_network((4, 6, 3), d=1), chip.load("dmp"), np.ones((1, 40, 4), bool)).network
    layer = network.layers[0]
    slow, d = layer.slow, layer.slow.d
    slow = replace(slow, w_x=np.full(4, 10, np.int8), b_x=np.zeros((), np.int8), Abar=Abar * np.eye(d, dtype=np.int8),
                   Bbar=np.ones(d, np.int8))
    fixed = replace(layer.fixed, m=Word(8, overflow=overflow), shift_x=0, shift_m=0, shift_B=0)
    return replace(network, layers=(replace(layer, slow=slow, fixed=fixed),))


@pytest.mark.parametrize("Abar, m", [(1, [40, 80, 120, 127, 127]), (3, [40, 127, 127, 127, 127])])
def test_in_integers_a_memory_ends_at_its_word_whatever_its_radius(Abar, m):
    found = reference.run(in_integers(Abar), np.ones((1, 5, 4), bool), record=("m",)).m[0]
    assert found[0, :, 0].tolist() == m


def test_a_word_that_wraps_does_not_end_it():
    with pytest.raises(WeightsError, match="spectral radius 3, above"):
        in_integers(3, "wrap")
