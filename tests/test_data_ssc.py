"""Spiking Speech Commands: coded as SHD is, 35 classes, three parts."""

from functools import partial

import numpy as np
import pytest
from data_files import binned, no_settings, refused, spoken, untrusted, write_official  # noqa: F401

from dmpnet.data import load


def write_ssc(folder, recordings, split="test", speakers=True, time=np.float64, change=None):
    def changes(file):
        if not speakers:
            del file["extra"]
        if change:
            change(file)

    write_official(folder, recordings, split, time, changes)
    (folder / f"shd_{split}.h5").rename(folder / f"ssc_{split}.h5")
    return folder


def words(n=6, seed=3, events=300):
    return [(channel, tick, 5 * number + 4, speaker)
            for number, (channel, tick, _, speaker) in enumerate(spoken(n, events, seed))]


@untrusted
@pytest.mark.parametrize("split", ["train", "valid", "test"])
@pytest.mark.parametrize("speakers", [True, False])
def test_words_are_coded_as_digits_are(tmp_path, split, speakers):
    recordings = words()
    got = load("ssc", split, write_ssc(tmp_path / "SSC", recordings, split, speakers).parent)
    assert (got.name, got.split, got.classes, got.dt, got.kind) == ("ssc", split, 35, 0.01, "spikes")
    np.testing.assert_array_equal(got.values, [binned(r[0], r[1] // 20, 100) for r in recordings])
    assert got.labels.tolist() == [4, 9, 14, 19, 24, 29] and 0.001 < got.values.mean() < 0.5
    assert (got.speakers is None) is not speakers
    assert got.source["verified"] is False  # six recordings are not the official part


@pytest.mark.parametrize("how, parts", [
    ({"change": lambda file: file["labels"].write_direct(np.full(6, 35, np.uint16))}, ["label 35", "0 to 34"]),
    ({"change": lambda file: file.__delitem__("spikes/units")}, ["spikes/units"]),
    ({"time": np.int32}, ["spikes/times", "floats"]),
])
def test_unsound_files_are_refused(tmp_path, how, parts):
    write_ssc(tmp_path, words(), **how)
    refused(partial(load, "ssc", "test", tmp_path), tmp_path / "ssc_test.h5", *parts)


@pytest.mark.parametrize("factor", [1000, 1e6, 1e-3])
def test_times_in_another_unit_are_told(tmp_path, factor):
    recordings = [(channel, np.maximum(tick, 20) * factor, label, speaker) for channel, tick, label, speaker in words()]
    write_ssc(tmp_path, recordings)
    refused(partial(load, "ssc", "test", tmp_path), "unit")


def test_a_part_that_is_not_there_is_named(tmp_path):
    refused(partial(load, "ssc", "valid", tmp_path), "ssc_valid.h5", "no download", "zenkelab")
