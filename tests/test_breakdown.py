"""What a network does on a chip, layer by layer: layers in integers one at a time, costs, what saturates."""

from dataclasses import replace

import numpy as np
import pytest
from networks import random_input, random_network

from dmpnet import reference
from dmpnet.hardware import breakdown, chip, cycles, prices, workload
from dmpnet.hardware import constrain as constraining
from dmpnet.hardware.constrain import constrain

DMP = chip.changed(chip.load("dmp"), {"clock.hz": 10**6})


def made_of(network, **settings):
    s_in = random_input(network, 6, seed=5)
    described = chip.changed(DMP, {key.replace("__", "."): value for key, value in settings.items()})
    return constrain(network, described, s_in).network, s_in


@pytest.mark.parametrize("encoding", ["spikes", "analog"])
def test_none_and_all_layers_in_integers_are_the_two_networks(encoding):
    network = random_network((6, 16, 12, 3), encoding=encoding)
    made, s_in = made_of(network, words__W_f__bits=4)
    for whole, same in (((), network), ((1, 2, 3), made)):
        got, want = reference.mixed(network, made, whole, s_in), reference.run(same, s_in)
        assert all(0.005 < rate.mean() < 0.6 for rate in want.rates)
        for a, b in zip(got.spikes, want.spikes, strict=True):
            np.testing.assert_array_equal(a, b)
        np.testing.assert_array_equal(got.logits, want.logits)


def test_one_layer_in_integers_hears_what_real_numbers_say_below_it():
    network = random_network((6, 16, 12, 3))
    made, s_in = made_of(network, words__W_f__bits=3)
    real, whole = reference.run(network, s_in), reference.run(made, s_in)
    first, second = (reference.mixed(network, made, (number,), s_in) for number in (1, 2))
    assert (real.spikes[0] != whole.spikes[0]).any() and (real.spikes[1] != second.spikes[1]).any()
    np.testing.assert_array_equal(first.spikes[0], whole.spikes[0])
    np.testing.assert_array_equal(second.spikes[0], real.spikes[0])
    alone = replace(made, layers=made.layers[1:], encoding=replace(made.encoding, channels=16))
    np.testing.assert_array_equal(second.spikes[1], reference.run(alone, real.spikes[0]).spikes[0])
    readout = reference.mixed(network, made, (3,), s_in)
    np.testing.assert_allclose(readout.logits, real.counts[1] / 40 @ made.W_o.T.astype(float) + made.b_o)


def test_losses_are_those_of_runs():
    network = random_network((6, 16, 12, 3))
    made, s_in = made_of(network, words__W_f__bits=2)
    labels = reference.run(network, s_in).predictions
    rows = breakdown.losses(network, made, s_in, labels)
    assert [row["in integers"] for row in rows] == ["none", "layer 1", "layer 2", "readout", "all"]
    assert rows[0] == {"in integers": "none", "accuracy %": 100, "points lost": 0}
    assert rows[-1]["accuracy %"] == pytest.approx(100 * (reference.run(made, s_in).predictions == labels).mean())
    assert all(row["points lost"] == pytest.approx(100 - row["accuracy %"]) for row in rows)


@pytest.mark.parametrize("clip", [False, True])
def test_what_saturates_is_counted_in_calibration(clip):
    network = random_network((6, 16, 12, 3))
    s_in = random_input(network, 6, seed=5)
    made = constrain(network, chip.changed(DMP, {"words.W_f.bits": 3, "words.m.bits": 6}), s_in, clip=clip)
    assert made.overflows == reference.watched(made.network, s_in)[1] and len(made.overflows) == 2
    assert clip == any(sum(count.values()) for count in made.overflows)


def test_costs_are_those_of_cycles_and_prices():
    network = random_network((16, 16, 12, 3))
    made, _ = made_of(network)
    s_in = random_input(network, 6, rate=0.6)
    works = workload.of(made, reference.run(made, s_in), s_in)
    first, second, both = breakdown.costs(works, DMP, 1e-3)
    for row, work in ((first, works[0]), (second, works[1])):
        taken = cycles.timing(work, DMP).latency
        assert (row["cycles a step"], row["most"]) == (taken.mean(), taken.max())
        assert row["pJ a step"] == prices.cost(work, DMP).total / work.steps
        assert row["ms a second"] == pytest.approx(taken.mean() * 1000 / 1e3) and row["at most"] == taken.max()
    assert first["most"] > first["cycles a step"]
    assert both["cycles a step"] > first["cycles a step"] + second["cycles a step"]
    assert both["pJ a step"] == pytest.approx(first["pJ a step"] + second["pJ a step"])
    assert "ms a second" not in breakdown.costs(works, chip.load("dmp"), 1e-3)[0]


def test_what_saturates_is_counted_word_by_word():
    network = random_network((6, 16, 12, 3))
    made, s_in = made_of(network)
    fitting = breakdown.saturated(reference.watched(made, s_in)[1])
    assert [row["layer"] for row in fitting] == [1, 2] and not any(row[name] for row in fitting for name in "xmu")
    first = made.layers[0]
    narrow = replace(first.fixed, m=replace(first.fixed.m, bits=6))
    tight = replace(made, layers=(replace(first, fixed=narrow), *made.layers[1:]))
    counted = breakdown.saturated(reference.watched(tight, s_in)[1])[0]
    assert counted == breakdown.saturated(constraining.examined(network, tight, s_in, []).overflows)[0]
    m = reference.run(tight, s_in, record=("m",)).m[0]
    assert 0 < counted["m"] <= ((m == 31) | (m == -32)).sum() and not counted["x"]
