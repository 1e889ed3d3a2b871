"""How near rates are: correlation and error against NumPy's own, piece by piece or at once."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dmpnet.trained.rates import Agreement, layers


@given(st.integers(0, 2**32 - 1), st.integers(1, 40))
def test_pieces_come_to_what_all_come_to(seed, cut):
    rng = np.random.default_rng(seed)
    want = rng.random((41, 3))
    got = want + rng.normal(size=want.shape) / 5
    found = Agreement()
    for some in (slice(cut), slice(cut, None)):
        found.add(got[some], want[some])
    assert found.correlation == pytest.approx(np.corrcoef(got.ravel(), want.ravel())[0, 1])
    assert found.error == pytest.approx(np.linalg.norm(got - want) / np.linalg.norm(want))
    assert 0.1 < found.error < 0.9 and found.correlation < 0.99


def test_what_is_constant_has_no_correlation_and_a_silent_layer_no_error():
    found = Agreement()
    found.add(np.ones(9), np.arange(9))
    assert np.isnan(found.correlation) and found.error > 0
    silent = Agreement()
    silent.add(np.ones(9), np.zeros(9))
    assert np.isnan(silent.error)


def test_a_row_a_layer():
    rng = np.random.default_rng(0)
    want = [rng.random((5, 4)), rng.random((5, 2))]
    rows = layers([want[0], want[1] / 2], want)
    assert [row["neurons"] for row in rows] == [4, 2]
    assert rows[0]["error %"] == 0 and rows[0]["correlation"] == pytest.approx(1)
    assert rows[0]["moved"] == 0 and rows[1]["moved"] == pytest.approx(50 * want[1].mean())  # all to the half
    assert rows[1]["error %"] == pytest.approx(50) and rows[1]["constrained rate %"] == rows[1]["rate %"] / 2
