"""Intervals: coverage on drawn data, closed forms, limits of one seed and one group."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from dmpnet.errors import DmpnetError
from dmpnet.results.intervals import bootstrap, paired_difference, sign_flips


def drawn(rng, seeds=3, groups=12, each=40, between=0.08, over_seeds=0.03, level=0.85):
    """Right or wrong (seeds, samples) and groups, of networks and speakers that differ about a mean `level`."""
    chance = (level + over_seeds * rng.standard_normal((seeds, 1)) + between * rng.standard_normal(groups)).clip(0, 1)
    right = rng.random((seeds, groups * each)) < chance.repeat(each, axis=1)
    return right.astype(float), np.arange(groups).repeat(each)


def covered(cases):
    return np.mean([low <= truth <= high for low, high, truth in cases])


@pytest.mark.parametrize(("seeds", "groups", "over_seeds"), [(3, 12, 0.03), (3, 12, 0.1), (1, 8, 0.0)])
def test_interval_covers_truth(seeds, groups, over_seeds):
    rng, cases, blind = np.random.default_rng(1), [], []
    for _ in range(150):
        correct, who = drawn(rng, seeds, groups, over_seeds=over_seeds, between=0.1, level=0.7)
        for found, to in ((bootstrap(correct, who), cases), (bootstrap(correct[:1]), blind)):
            to.append((found.low, found.high, 0.7))
    assert 0.91 <= covered(cases) <= 0.999  # two standard errors of 150 are 0.036; sums are rather too large
    assert covered(blind) < 0.85, "groups make no difference here: the test would not see them left out"


def test_difference_covers_truth_and_is_narrower_when_paired():
    rng, cases, narrower = np.random.default_rng(2), [], []
    for _ in range(60):
        hard = rng.random(600)
        one, other = ((hard + 0.05 * rng.standard_normal((3, 600)) < limit) for limit in (0.8, 0.75))
        found = paired_difference(one, other)
        cases.append((found.low, found.high, 0.05))
        alone = [bootstrap(each) for each in (one, other)]
        narrower.append(found.high - found.low < min(each.high - each.low for each in alone))
    assert covered(cases) >= 0.9 and np.mean(narrower) > 0.95


@given(st.lists(st.floats(0.1, 0.9), min_size=2, max_size=8, unique=True))
def test_seeds_alone_give_students_interval(accuracies):
    found = bootstrap(accuracies)
    low, high = stats.t.interval(0.95, len(accuracies) - 1, np.mean(accuracies), stats.sem(accuracies))
    np.testing.assert_allclose([found.low, found.high], [max(low, 0), min(high, 1)], atol=0.05 * (high - low) + 1e-9)
    assert (found.seeds, found.units) == (len(accuracies), 1)


def test_one_seed_gives_the_binomials_interval():
    correct = np.arange(2000)[None] < 1800
    found = bootstrap(correct)
    half = 1.96 * np.sqrt(0.9 * 0.1 / 2000)
    np.testing.assert_allclose([found.low, found.high], [0.9 - half, 0.9 + half], atol=0.05 * half)
    assert found.p < 1e-9 and found.seeds == 1


def test_one_group_is_nothing_to_draw_from():
    rng = np.random.default_rng(3)
    correct = rng.random((4, 50)) < 0.8
    of_seeds = bootstrap(correct.mean(axis=1))
    found = bootstrap(correct, np.zeros(50))
    assert (found.low, found.high) == (of_seeds.low, of_seeds.high) and found.units == 1
    lonely = bootstrap(correct[:1], np.zeros(50))
    assert np.isnan([lonely.low, lonely.high]).all(), "one seed on one group says nothing of others"


def test_groups_of_one_sample_are_samples():
    correct = np.random.default_rng(4).random((3, 400)) < 0.7
    one, other = bootstrap(correct), bootstrap(correct, np.arange(400))
    assert (one.low, one.high) == (other.low, other.high)


def test_all_right_is_not_certain():
    found = bootstrap(np.ones((2, 100)))
    assert found.high == 1 and found.low == pytest.approx(0.025 ** 0.01)
    assert bootstrap(np.zeros((2, 100))).high == pytest.approx(1 - 0.025 ** 0.01)


@given(st.integers(1, 8))
def test_sign_flips_of_one_sign(units):
    assert sign_flips(np.arange(1, units + 1), np.zeros(units)) == pytest.approx(2 / 2 ** units)


def test_sign_flips_of_many_are_mcnemars():
    first, second = np.zeros((1, 400)), np.zeros((1, 400))
    first[0, :60], second[0, 60:95] = 1, 1
    exact = stats.binomtest(60, 95).pvalue
    assert sign_flips(first, second) == pytest.approx(exact, abs=4 * np.sqrt(exact / 5_000))


def test_p_agrees_with_the_interval():
    rng = np.random.default_rng(5)
    for shift in np.linspace(0, 0.1, 21):
        found = paired_difference(rng.normal(shift, 0.05, (3, 60)), np.zeros((3, 60)))
        assert (found.p < 0.05) == (not found.low <= 0 <= found.high)


@pytest.mark.parametrize("correct", [np.ones((0, 3)), np.ones((1, 2, 3)), [[np.nan, 1]]])
def test_what_is_no_table_is_refused(correct):
    with pytest.raises(DmpnetError, match="seed"):
        bootstrap(correct)


def test_pairs_and_groups_must_fit():
    with pytest.raises(DmpnetError, match="same seeds"):
        paired_difference(np.ones((2, 5)), np.ones((3, 5)))
    with pytest.raises(DmpnetError, match="one a sample"):
        bootstrap(np.ones((2, 5)), np.zeros(4))


def test_two_large_groups_count_for_two():
    """Of 2,270 samples two of twelve speakers said 1,840: about as sure as of three, and rather too wide."""
    rng, sizes = np.random.default_rng(6), np.array([900, 940] + [43] * 10)
    who, cases = np.arange(12).repeat(sizes), []
    for _ in range(60):
        chance = (0.8 + 0.08 * rng.standard_normal(12)).clip(0, 1)
        found = bootstrap((rng.random((1, len(who))) < chance.repeat(sizes)).astype(float), who)
        cases.append((found.low, found.high, 0.8))
    assert covered(cases) >= 0.95
    t, half = stats.t.ppf(0.975, sizes.sum() ** 2 / (sizes ** 2).sum() - 1), (found.high - found.low) / 2
    alike = bootstrap((rng.random((1, len(who))) < chance.repeat(sizes)).astype(float), np.arange(len(who)) % 12)
    assert t > 4 and half > 5 * (alike.high - alike.low) / 2


def test_differences_have_no_bounds_at_0_and_1():
    """Where one is never behind the other its lead may still be by chance, and more than all of it is not cut off."""
    ahead = paired_difference([[1, 1] + [0] * 18] * 2, np.zeros((2, 20)))
    assert ahead.mean == pytest.approx(0.1) and ahead.low < 0 < ahead.high and ahead.p > 0.05
    whole = paired_difference(np.ones((3, 9)) * [[0.9], [1.0], [0.8]], np.zeros((3, 9)))
    assert whole.high > 1 and np.isnan(paired_difference(np.ones((2, 9)), np.ones((2, 9))).low)
