"""A checksum tells apart whatever differs in what is computed, and nothing else."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from networks import random_network

from dmpnet.data import Recordings
from dmpnet.disk import files
from dmpnet.hardware import chip
from dmpnet.hardware.constrain import constrain
from dmpnet.trained import weights

DATA = Recordings("ours", "train", "analog", np.arange(24, dtype=np.uint8).reshape(3, 4, 2), 1 / 255,
                  np.array([0, 2, 1]), None, 3, 1e-3, source={"file": "a"})

NETWORK = random_network((3, 4, 3, 2), kind="DMP+RSNN", d=2, delay=3, steps=10)


@given(st.integers(0, 23), st.integers(1, 255))
def test_every_value_of_recordings_counts(place, by):
    values = DATA.values.copy()
    values.flat[place] ^= np.uint8(by)
    assert replace(DATA, values=values).checksum != DATA.checksum


@pytest.mark.parametrize("other, same", [
    ({"labels": np.array([0, 2, 2])}, False), ({"labels": np.array([2, 0, 1])}, False), ({"scale": 1 / 256}, False),
    ({"values": DATA.values.reshape(3, 2, 4)}, False), ({"values": DATA.values.view(np.int8)}, False),
    ({"labels": np.array([0, 2, 1], np.int32)}, True), ({"source": {"file": "b"}}, True), ({"name": "theirs"}, True)])
def test_recordings_are_told_apart_by_what_is_shown_and_told(other, same):
    assert (replace(DATA, **other).checksum == DATA.checksum) == same


@given(st.data())
def test_every_number_of_a_network_counts(data):
    """In whatever array, by however little."""
    network = NETWORK
    layer = network.layers[data.draw(st.sampled_from([0, 1]))]
    where = data.draw(st.sampled_from(["W_f", "b_f", "W_r", "delay", "slow.w_x", "slow.W_m", "slow.b_m", "slow.Bbar",
                                       "W_o", "b_o"]))
    part, _, key = where.rpartition(".")
    owner = network if where in ("W_o", "b_o") else layer.slow if part else layer
    array = getattr(owner, key).copy()
    place = data.draw(st.integers(0, array.size - 1))
    array.flat[place] = array.flat[place] + 1 if array.dtype.kind == "i" else np.nextafter(array.flat[place], np.inf)
    changed = replace(owner, **{key: array})
    if owner is not network:
        changed = replace(layer, slow=changed) if part else changed
        changed = replace(network, layers=tuple(changed if each is layer else each for each in network.layers))
    assert weights.checksum(changed) != weights.checksum(network)


@pytest.mark.parametrize("change", [{"shift_f": 1}, {"shift_I": 1}, {"saturates": "before"}, {"currents": "sum"},
                                    {"seed": 1}, {"unit_x": 2.0}])
def test_how_integers_are_computed_counts(change):
    network = random_network((3, 4, 2), d=2, steps=10)
    made = constrain(network, chip.load("dmp"), np.ones((1, 10, 3), bool)).network
    layer = made.layers[0]
    now = {key: value if isinstance(value, str) else getattr(layer.fixed, key) + value for key, value in change.items()}
    other = replace(made, layers=(replace(layer, fixed=replace(layer.fixed, **now)),))
    assert weights.checksum(other) != weights.checksum(made)


def test_a_digest_is_of_every_array_in_order():
    a, b = np.arange(4), np.arange(4, 8)
    found = {files.digest_of(*arrays) for arrays in ((a, b), (b, a), (a,), (a, b + 1), (a + 1, b))}
    assert len(found) == 5
    assert files.digest_of(a, b) == files.digest_of(a.reshape(2, 2), b)
