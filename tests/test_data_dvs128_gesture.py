"""DVS128-Gesture: IBM's recordings and tonic's arrays give the same cells, and nothing unsound is read."""

import struct

import numpy as np
import pytest
from data_files import no_settings, refused, untrusted  # noqa: F401
from hypothesis import example, given, settings
from hypothesis import strategies as st

from dmpnet.data import aedat, load

START = 2_000_000  # us at which the first gesture of a trial begins
LENGTH = 6_000_000


def gesture(seed, events=300, label=3):
    """x, y, polarity, time in whole ms within 6 s (the first at 0), class from 0."""
    rng = np.random.default_rng(seed)
    time = np.sort(rng.integers(0, 6000, events))
    time[0], time[-1] = 0, 5999
    return rng.integers(0, 128, events), rng.integers(0, 128, events), rng.integers(0, 2, events), time, label


def packet(x, y, polarity, microseconds, valid=None, kind=1, capacity=None):
    """One packet of AEDAT 3.1, event by event."""
    valid = np.ones(len(x), int) if valid is None else valid
    overflow = int(microseconds[0]) >> 31 if len(x) else 0
    body = b"".join(struct.pack("<Ii", int(v) | int(p) << 1 | int(b) << 2 | int(a) << 17, int(t) - (overflow << 31))
                    for a, b, p, t, v in zip(x, y, polarity, microseconds, valid, strict=True))
    return struct.pack("<HHIIIIII", kind, 1, 8, 4, overflow, capacity or len(x), len(x), sum(valid)) + body


HEAD = b"#!AER-DAT3.1\r\n#Format: RAW\r\n#Source 1: DVS128\r\n#!END-HEADER\r\n"


def write_ibm(folder, trials, split="train"):
    """trials: name: list of gestures, one after the other; 10 s each, packets of 100 events."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"trials_to_{split}.txt").write_text("\n".join(f"{name}.aedat" for name in trials) + "\n\n")
    for name, gestures in trials.items():
        content, rows = HEAD, ["class,startTime_usec,endTime_usec"]
        for number, (x, y, p, ms, label) in enumerate(gestures):
            start = START + 10_000_000 * number
            content += packet([7], [7], [1], [start - 500])  # before the gesture
            for first in range(0, len(x), 100):
                some = slice(first, first + 100)
                content += packet(x[some], y[some], p[some], start + 1000 * ms[some])
            content += packet([9, 9], [9, 9], [0, 1], [start + LENGTH] * 2) + packet([1], [1], [1], [start], kind=2)
            rows.append(f"{label + 1},{start},{start + LENGTH}")
        (folder / f"{name}.aedat").write_bytes(content)
        (folder / f"{name}_labels.csv").write_text("\n".join(rows) + "\n")
    return folder


def write_tonic(folder, trials, split="train"):
    for name, gestures in trials.items():
        place = folder / f"ibmGesture{split.capitalize()}" / name
        place.mkdir(parents=True, exist_ok=True)
        for x, y, p, ms, label in gestures:
            np.save(place / f"{label}.npy", np.stack([x, y, p, ms], axis=1).astype(float))
    return folder


def binned(each, T):
    """One gesture (T, 2048), event by event."""
    values = np.zeros((T, 2, 32, 32), np.uint8)
    for x, y, p, ms in zip(*each[:4], strict=True):
        if ms < T:
            values[ms, p, y // 4, x // 4] = 1
    return values.reshape(T, 2048)


TRIALS = {"user01_led": [gesture(1, label=0), gesture(2, label=10)], "user02_lab": [gesture(3, label=4)]}


@untrusted
def test_both_layouts_give_the_same_cells(tmp_path):
    write_ibm(tmp_path / "a" / "DvsGesture", TRIALS)
    write_tonic(tmp_path / "b" / "DVSGesture", TRIALS)
    want = np.stack([binned(each, 500) for gestures in TRIALS.values() for each in gestures])
    assert 30 < want.sum() < want.size / 2
    for base, layout in (("a", "IBM's trials"), ("b", "tonic's arrays")):
        got = load("dvs128-gesture", "train", tmp_path / base, steps=500)
        np.testing.assert_array_equal(got.values, want)
        assert got.labels.tolist() == [0, 10, 4] and got.grid == (2, 32, 32) and got.dt == 0.001
        assert got.source["layout"] == layout and got.source["events"] == 900
        late = sum(int((each[3] >= 500).sum()) for gestures in TRIALS.values() for each in gestures)
        assert got.source["events_dropped"] == late and got.source["verified"] is False


@given(st.integers(0, 127), st.integers(0, 127), st.integers(0, 1), st.integers(0, 2**33))
@example(127, 3, 1, 2**31 + 17)
@example(3, 127, 0, 5 * 2**31 - 1)
@settings(max_examples=40)
def test_an_event_of_aedat_is_its_bits(tmp_path_factory, x, y, polarity, microseconds):
    path = tmp_path_factory.mktemp("one") / "a.aedat"
    path.write_bytes(HEAD + packet([5, x], [5, y], [1, polarity], [microseconds] * 2, valid=[0, 1]))
    events = aedat.read(path)
    assert [each.tolist() for each in (events.time, events.x, events.y, events.polarity)] == [
        [microseconds], [x], [y], [polarity]]


@untrusted
def test_a_packet_may_have_room_for_more_events_than_it_has(tmp_path):
    path = tmp_path / "a.aedat"
    path.write_bytes(HEAD + packet([1], [2], [1], [30], capacity=3) + bytes(16) + packet([4], [5], [0], [60]))
    assert aedat.read(path).time.tolist() == [30, 60]


@untrusted
@given(st.data())
@settings(max_examples=25, deadline=None)
def test_no_part_of_a_recording_is_taken_for_the_whole(tmp_path_factory, data):
    folder = write_ibm(tmp_path_factory.mktemp("cut"), {"user01_led": [gesture(1, 150)]})
    path = folder / "user01_led.aedat"
    content = path.read_bytes()
    path.write_bytes(content[:data.draw(st.integers(0, len(content) - 100))])
    refused(lambda: load("dvs128-gesture", "train", folder, steps=100), path)


def edited(name, function):
    def change(folder):
        path = folder / name
        path.write_text(function(path.read_text()))
    return change


def rescaled(factor):
    """The labels with times in another unit."""
    def lines(text):
        head, *rows = text.split()
        told = [[int(each) for each in row.split(",")] for row in rows]
        return "\n".join([head, *(f"{c},{round(a * factor)},{round(b * factor)}" for c, a, b in told)])
    return edited("user01_led_labels.csv", lines)


@pytest.mark.parametrize("change, parts", [
    (rescaled(1e-3), ["0.006 s", "in us", "unit"]),
    (rescaled(1e3), ["6000 s", "unit"]),
    (edited("user01_led_labels.csv", lambda text: text.replace("4,2000000", "12,2000000")), ["12,2000000", "1 to 11"]),
    (edited("user01_led_labels.csv", lambda text: text.replace("8000000", "1000000")), ["later end"]),
    (edited("user01_led_labels.csv", lambda text: text.split()[0]), ["no gesture"]),
    (edited("user01_led_labels.csv", lambda text: text.replace("8000000", "8e6")), ["whole numbers"]),
    (edited("user01_led_labels.csv", lambda text: text.replace("4,2000000,8000000", "4,62000000,68000000")),
     ["no event from 62000000", "class 4", "another trial's"]),
    (lambda folder: (folder / "user01_led.aedat").unlink(), ["names user01_led.aedat", "not beside it"]),
    (lambda folder: (folder / "user01_led_labels.csv").unlink(), ["user01_led_labels.csv", "cannot be read"]),
    (edited("trials_to_train.txt", lambda text: ""), ["no trial"]),
    (edited("trials_to_train.txt", lambda text: "../user01_led.aedat"), ["'../user01_led.aedat'"]),
    (lambda folder: (folder / "trials_to_test.txt").write_text("user01_led.aedat"), ["both sides of the split"]),
    (lambda folder: (folder / "user01_led.aedat").write_bytes(b"#!AER-DAT2.0\r\n"), ["AER-DAT2.0", "AER-DAT3.1"]),
    (lambda folder: (folder / "user01_led.aedat").write_bytes(HEAD), ["no event"]),
    (lambda folder: (folder / "user01_led.aedat").write_bytes(HEAD + packet([3, 128], [3, 3], [1, 1], [START] * 2)),
     ["x = 128 in event 1", "0 to 127"]),
    (lambda folder: (folder / "user01_led.aedat").write_bytes(
        HEAD + packet(*np.ones((3, 1000), int), np.full(1000, START))), ["polarity 1", "darker"]),
])
@untrusted
def test_unsound_trials_are_refused(tmp_path, change, parts):
    write_ibm(tmp_path, {"user01_led": [gesture(1, 1500)]})
    assert len(load("dvs128-gesture", "train", tmp_path, steps=50)) == 1
    change(tmp_path)
    refused(lambda: load("dvs128-gesture", "train", tmp_path, steps=50), *parts)


@pytest.mark.parametrize("change, parts", [
    (lambda a: a.T, ["(4, 300)", "(events, 4)", "transpose"]),
    (lambda a: a[:, :3], ["(300, 3)"]),
    (lambda a: a[:, [3, 0, 1, 2]], ["order"]),
    (lambda a: a[:, [2, 0, 1, 3]], ["polarity = ", "order"]),
    (lambda a: a * [1, 1, 2, 1] - [0, 0, 1, 0], ["polarity = -1", "0 to 1"]),
    (lambda a: a * [1, 1, 1, 1000], ["5999 s", "in ms", "unit"]),
    (lambda a: a * [1, 1, 1, 1e-3], ["0.005999 s", "unit"]),
    (lambda a: a + [0, 1, 0, 0] * (a[:, :1] > 60) * 70, ["y = "]),
    (lambda a: a[::-1], ["goes back"]),
    (lambda a: a[:0], ["no event"]),
    (lambda a: np.where(a == a[5], np.nan, a), ["not finite"]),
    (lambda a: a + 0.5, ["not whole"]),
    (lambda a: a.astype("U8"), ["<U8"]),
])
def test_unsound_arrays_are_refused(tmp_path, change, parts):
    write_tonic(tmp_path, {"user01_led": [gesture(1)]})
    path = tmp_path / "ibmGestureTrain" / "user01_led" / "3.npy"
    np.save(path, change(np.load(path)))
    refused(lambda: load("dvs128-gesture", "train", tmp_path, steps=50), path, *parts)


def test_arrays_that_are_cut_misnamed_or_not_there_are_told(tmp_path):
    write_tonic(tmp_path, {"user01_led": [gesture(1)]})
    path = tmp_path / "ibmGestureTrain" / "user01_led" / "3.npy"
    content = path.read_bytes()
    for length in (0, 50, len(content) - 8):
        path.write_bytes(content[:length])
        refused(lambda: load("dvs128-gesture", "train", tmp_path, steps=50), path, "to its end")
    path.rename(path.with_name("11.npy"))
    refused(lambda: load("dvs128-gesture", "train", tmp_path, steps=50), "'11'", "0 to 10")
    path.with_name("11.npy").unlink()
    refused(lambda: load("dvs128-gesture", "train", tmp_path, steps=50), "no .npy file")
    refused(lambda: load("dvs128-gesture", "test", tmp_path, steps=50), "ibmGestureTest beside")
    refused(lambda: load("dvs128-gesture", "test", tmp_path / "no"), "trials_to_test.txt", "no folder", "no download")


@untrusted
def test_times_of_fractions_of_a_millisecond_count_from_the_first_event(tmp_path):
    x, y, p, _, label = gesture(1, events=5000)
    ms = np.arange(5000)
    write_tonic(tmp_path, {"user01_led": [(x, y, p, ms + 0.1, label)]})
    np.testing.assert_array_equal(load("dvs128-gesture", "train", tmp_path, steps=2000).values[0],
                                  binned((x, y, p, ms), 2000))
