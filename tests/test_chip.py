"""Chip descriptions: those that ship, every way to write one wrong, numbers set otherwise, and the limits of words."""

import copy
import re
import shutil
import tomllib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dmpnet.arithmetic.words import WIDEST, Word
from dmpnet.disk import shipped
from dmpnet.equations.decay import DECAYS
from dmpnet.errors import DmpnetError
from dmpnet.hardware import chip

ROOT = Path(__file__).resolve().parents[1]
SHIPPED = ("dmp", "dmp-256", "dmp-4bit", "dmp-camera", "dmp-ternary", "elfcore-like", "ideal", "ldlif-256", "ldlif-cim",
           "learning")


@pytest.fixture
def described():
    """The shipped DMP core as TOML reads it, to be made wrong."""
    return tomllib.loads((shipped.folder() / "chips" / "dmp.toml").read_text())


# those that ship


def test_names():
    assert tuple(chip.names()) == SHIPPED == tuple(sorted(path.stem for path in (ROOT / "models/chips").iterdir()))


@pytest.mark.parametrize("name", SHIPPED)
def test_every_shipped_chip_loads_and_every_number_has_a_source(name):
    loaded = chip.load(name)
    learns, clocked = name in chip.learning(), loaded.clock is not None
    numbers = {f"{part}.{field}" for part in [*chip.PARTS, *["plasticity"] * learns, *["clock"] * clocked]
               for field in vars(getattr(loaded, part))}
    assert loaded.source.keys() == numbers and len(numbers) == 37 + 9 * learns + clocked
    assert all(source.strip() for source in loaded.source.values())
    assert loaded == chip.load(shipped.folder() / "chips" / f"{name}.toml")
    assert loaded.words.I.bits >= max(loaded.words.m.bits, loaded.words.u.bits)  # accumulators hold what is added


def test_shipped_names_differ():
    assert len({chip.load(name).name for name in SHIPPED}) == len(SHIPPED)


def test_widths_of_the_dmp_core():
    """Those of the authors' RTL, see the description."""
    dmp = chip.load("dmp")
    assert {name: getattr(dmp.words, name).bits for name in ("W_f", "m", "x", "u", "I")} == {
        "W_f": 8, "m": 16, "x": 16, "u": 16, "I": 24}
    assert vars(dmp.limits) == {"neurons": 128, "slots": 8, "fan_in": 700, "spikes": 32, "lanes": 4, "cores": 2}
    assert dmp.datapath.dependency_breaking and dmp.datapath.fusion and dmp.datapath.stationarity


def test_widths_of_the_in_memory_core():
    """IMPULSE: 6-bit weights, 11-bit V; nothing that is not published says so."""
    cim = chip.load("ldlif-cim")
    assert cim.words.W_f.bits == 6 and cim.words.u.bits == 11
    assert cim.datapath.decay == ("linear",) and cim.datapath.in_place
    assert all(source.startswith(("ours", "IMPULSE", "Shang et al.")) for source in cim.source.values())


def test_the_linear_core_is_the_in_memory_one_as_large_as_the_dmp_core():
    """Membranes of the one, sizes and all other words of the other; what leaks is that alone."""
    ours, cim, large = (chip.load(name) for name in ("ldlif-256", "ldlif-cim", "dmp-256"))
    assert ours.datapath == cim.datapath and ours.words.u.bits == cim.words.u.bits == ours.words.b.bits == 11
    sizes = ("neurons", "slots", "fan_in", "spikes", "cores")
    assert [getattr(ours.limits, name) for name in sizes] == [getattr(large.limits, name) for name in sizes]
    narrow = {"words.u.bits": 11, "words.b.bits": 11}
    assert chip.changed(large, narrow).words == ours.words and ours.memory.slow == large.memory.slow
    assert all(source.startswith(("ours", "IMPULSE", "Shang et al.")) for source in ours.source.values())


def test_the_ablation_is_the_larger_core_but_for_two_ideas():
    ours, whole = chip.load("elfcore-like"), chip.load("dmp-256")
    with_them = chip.changed(ours, {"datapath.fusion": True, "datapath.stationarity": True})
    assert (with_them.words, with_them.memory, with_them.limits, with_them.datapath) == (
        whole.words, whole.memory, whole.limits, whole.datapath)
    assert not ours.datapath.fusion and not ours.datapath.stationarity


def test_two_of_them_learn():
    assert chip.learning() == ["ideal", "learning"]
    assert chip.load("dmp").plasticity is None


def test_descriptions_are_installed():
    setup = (ROOT / "setup.cfg").read_text()
    assert "chips/*.toml" in re.search(r"^dmpnet\.models = (.*)$", setup, re.M)[1].split(", ")


# where they come from


def test_unknown_name():
    with pytest.raises(DmpnetError, match="chip 'loihi' is not among those that ship") as error:
        chip.load("loihi")
    assert all(name in str(error.value) for name in SHIPPED)


def test_no_such_file(tmp_path):
    with pytest.raises(DmpnetError, match="my.toml: no such chip description.* dmp-256"):
        chip.load(tmp_path / "my.toml")


def test_a_folder_is_no_description(tmp_path, monkeypatch):
    """And one that is called like a chip does not hide it."""
    (tmp_path / "my.toml").mkdir()
    (tmp_path / "dmp").mkdir()
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DmpnetError, match="my.toml: no such chip description"):
        chip.load("my.toml")
    assert chip.load("dmp").name == "DMP core"


@pytest.mark.parametrize("content", [
    b"name = ", b"\xff\xfe\x00", b"[words]\n[words]\n", b"name = " + b"[" * 3000 + b"]" * 3000,
    b"name = " + b"[" * 150 + b"]" * 150, b"name = " + b"{a = " * 3000 + b"1" + b"}" * 3000,
    b".".join([b"a"] * 1000) + b" = 1", b"name = " + b"9" * 5000, b"# more than anyone describes\n" * 5000])
def test_not_toml(tmp_path, content):
    """Also what is TOML, but lies too deep in each other to be read, or is too long."""
    path = tmp_path / "my.toml"
    path.write_bytes(content)
    with pytest.raises(DmpnetError, match=r"my\.toml: not a chip description \(.*write TOML") as error:
        chip.load(path)
    assert "\n" not in str(error.value) and len(str(error.value)) < 500


def test_hidden_files_are_no_chips(tmp_path, monkeypatch):
    """A folder that was on a Mac holds ._dmp.toml beside dmp.toml."""
    chips = tmp_path / "chips"
    shutil.copytree(shipped.folder() / "chips", chips)
    (chips / "._dmp.toml").write_bytes(b"\0\5\x16\7Mac OS X")
    monkeypatch.setattr(shipped, "folder", lambda: tmp_path)
    assert tuple(chip.names()) == SHIPPED and chip.learning() == ["ideal", "learning"]


def test_a_description_of_ones_own(tmp_path):
    path = tmp_path / "my.toml"
    text = (shipped.folder() / "chips" / "dmp.toml").read_text()
    path.write_text(text.replace("neurons = { value = 128", "neurons = { value = 127"))
    assert chip.load(path).limits.neurons == 127


# what is wrong with them

MISSING = object()
WRONG = {
    "no name": ("name", MISSING, "my.toml: no name"),
    "name no text": ("name", 3, "my.toml: no name"),
    "unknown part": ("power", {}, "my.toml: key 'power'"),
    "missing part": ("limits", MISSING, "my.toml: limits has nothing.*add cores, fan_in, lanes"),
    "part no table": ("memory", 5, "my.toml: memory has nothing"),
    "missing word": ("words.P", MISSING, "my.toml: words has .*add P, take out nothing"),
    "unknown limit": ("limits.wires", {"value": 1, "source": "x"}, "my.toml: limits has .*take out wires"),
    "bare number": ("limits.neurons", 128, "limits.neurons has no source"),
    "no source": ("limits.neurons", {"value": 128}, "limits.neurons has no source"),
    "empty source": ("memory.slow", {"value": 128, "source": " "}, "memory.slow has no source"),
    "source no text": ("words.u", {"bits": 16, "source": 1}, "words.u has no source"),
    "no value": ("limits.neurons", {"source": "x"}, "limits.neurons has nothing, but a number has a value"),
    "more than a value": ("limits.cores", {"value": 1, "unit": "a", "source": "x"}, "cores has unit, value, but"),
    "no count": ("limits.cores", {"value": 0, "source": "x"}, "limits.cores = 0, but it counts"),
    "a fraction": ("memory.state", {"value": 1.5, "source": "x"}, "memory.state = 1.5, but it counts"),
    "a truth for a count": ("limits.lanes", {"value": True, "source": "x"}, "limits.lanes = True, but it counts"),
    "a count for a truth": ("datapath.fusion", {"value": 1, "source": "x"}, "fusion = 1, but it is true or false"),
    "unknown decay": ("datapath.decay", {"value": ["fast"], "source": "x"}, "decay = .*lists some of exponential"),
    "decay no list": ("datapath.decay", {"value": "linear", "source": "x"}, "decay = 'linear', but it lists"),
    "no decay": ("datapath.decay", {"value": [], "source": "x"}, r"decay = \[\], but it lists"),
    "decay of lists": ("datapath.decay", {"value": [["linear"]], "source": "x"}, "decay = .*but it lists some"),
    "unknown reset": ("datapath.resets", {"value": ["soft", "no"], "source": "x"}, "resets = .*of hard, soft"),
    "unknown order": ("datapath.saturates", {"value": "first", "source": "x"}, "saturates = 'first', .*after, before"),
    "order no word": ("datapath.saturates", {"value": True, "source": "x"}, "saturates = True, but it is one of"),
    "order of no source": ("datapath.saturates", {"value": "before"}, "datapath.saturates has no source"),
    "no bits": ("words.u", {"bits": 0, "source": "x"}, "words.u: bits = 0, but a word has 1 to 48"),
    "too many bits": ("words.u", {"bits": WIDEST + 1, "source": "x"}, "words.u: bits = 49"),
    "half a bit": ("words.u", {"bits": 7.5, "source": "x"}, "words.u: bits = 7.5"),
    "bits no number": ("words.u", {"bits": "8", "source": "x"}, "words.u: bits = '8'"),
    "bits left out": ("words.u", {"source": "x"}, "words.u: .*bits"),
    "value of a word": ("words.u", {"value": 8, "source": "x"}, "words.u: value, but a word has bits, and may have "
                                                                "rounding, overflow, signed; correct it"),
    "misspelt": ("words.u", {"bits": 8, "sign": True, "source": "x"}, "words.u: bits, sign, but a word has bits"),
    "unknown rounding": ("words.u", {"bits": 8, "rounding": "up", "source": "x"}, "words.u: rounding = 'up', but"),
    "a count that no float64 holds": ("memory.slow", {"value": 10**30, "source": "x"}, "memory.slow = 10+, but it c"),
    "endless": ("memory.slow", {"value": float("inf"), "source": "x"}, "memory.slow = inf, but it counts"),
    "a name of two lines": ("limits.two\nlines", {"value": 1, "source": "x"}, "limits has .*take out two"),
    "a key of two lines": ("words.u", {"bits": 8, "a\nb": 1, "source": "x"}, r"words.u: a.*, bits, but a word"),
    "a long value": ("words.u", {"bits": "8" * 10**6, "source": "x"}, "words.u: bits = .{1,100}but"),
    "a sign that counts": ("words.u", {"bits": 8, "signed": 1, "source": "x"}, "words.u: signed = 1, but it is true"),
    "unknown overflow": ("words.u", {"bits": 8, "overflow": "trap", "source": "x"}, "words.u: overflow = 'trap'"),
}


@pytest.mark.parametrize("key, value, message", WRONG.values(), ids=list(WRONG))
def test_wrong_description(described, key, value, message):
    """Each is refused by name; the same description without the mistake is not."""
    assert chip.described_by(copy.deepcopy(described), "my.toml").limits.neurons == 128
    *parts, last = key.split(".")
    table = described[parts[0]] if parts else described
    if value is MISSING:
        del table[last]
    else:
        table[last] = value
    with pytest.raises(DmpnetError, match=message) as error:
        chip.described_by(described, "my.toml")
    assert "\n" not in str(error.value) and len(str(error.value)) < 1000


def test_a_description_from_before_there_was_an_order_saturates_after_the_reset(described):
    del described["datapath"]["saturates"]
    assert chip.described_by(described, "my.toml").datapath == chip.load("dmp").datapath


# numbers set otherwise


def test_changed():
    before = chip.load("dmp")
    after = chip.changed(before, {"limits.neurons": 256, "words.W_f.bits": 4, "words.u.overflow": "wrap",
                                  "memory.slow": 20_000, "datapath.decay": ["linear", "shift"],
                                  "datapath.fusion": False})
    assert after.limits.neurons == 256 and after.memory.slow == 20_000 and not after.datapath.fusion
    assert after.words.W_f == Word(4, "nearest") and after.words.u.overflow == "wrap"
    assert after.datapath.decay == ("linear", "shift")
    ours = {key for key, source in after.source.items() if source == "set by the user"}
    assert ours == {"limits.neurons", "words.W_f", "words.u", "memory.slow", "datapath.decay", "datapath.fusion"}
    assert before == chip.load("dmp") and after.words.W_r == before.words.W_r
    assert chip.changed(before, {}) == before


@pytest.mark.parametrize("key, value, message", [
    ("limits.wires", 1, "chip DMP core: no 'limits.wires' to set"), ("power.idle", 1, "no 'power.idle' to set"),
    ("limits", 1, "no 'limits' to set"), ("name", "x", "no 'name' to set"), ("", 1, "no '' to set"),
    ("words.W_f", 8, "no 'words.W_f' to set"), ("limits.neurons.most", 8, "no 'limits.neurons.most' to set"),
    ("words.W_f.bit", 8, r"'words.W_f.bit' to set \(did you mean words.W_f.bits\?\).*{bits,rounding,overflow,signed}"),
    ("limits.slot", 8, r"no 'limits.slot' to set \(did you mean limits.slots\?\)"),
    ("words.W_f.bits", 0, "words.W_f.bits = 0: word: bits = 0"),
    ("words.W_f.bits", "8", "words.W_f.bits = '8'"), ("words.u.rounding", "up", "words.u.rounding = 'up'"),
    ("limits.neurons", 0, "limits.neurons = 0, but it counts"), ("memory.slow", "1", "memory.slow = '1', but it"),
    ("datapath.fusion", 1, "datapath.fusion = 1, but it is true or false"),
    ("datapath.resets", ["none"], "datapath.resets = .*hard, soft"),
    ("plasticity.traces", 9, "plasticity.traces cannot be set, as it has no plasticity; .*ideal, learning"),
    ("plasticity.room", 9, "no 'plasticity.room' to set"),
])
def test_not_to_be_changed(key, value, message):
    with pytest.raises(DmpnetError, match=message):
        chip.changed(chip.load("dmp"), {key: value})


def test_what_learns_can_be_changed():
    before = chip.load("learning")
    after = chip.changed(before, {"plasticity.w.bits": 4, "plasticity.reads": "rows", "plasticity.decay": ["linear"],
                                  "plasticity.traces": 7})
    assert after.plasticity.w == Word(4, "stochastic", signed=False) and after.plasticity.reads == "rows"
    assert after.plasticity.decay == ("linear",) and after.plasticity.traces == 7
    assert after.plasticity.random == before.plasticity.random


@pytest.mark.parametrize("line, other, message", [
    ("reads = ", "writes = ", "plasticity has .*add reads, take out writes"),
    ('random = { value = 2368, source = "', 'random = { value = 2368, because = "', "plasticity.random has no source"),
    ("trace = { bits = 8, signed = false", "trace = { bits = 8, signed = true", "plasticity: trace is .*no sign"),
])
def test_what_learns_is_described_in_full(tmp_path, line, other, message):
    text = (shipped.folder() / "chips" / "learning.toml").read_text()
    assert text.count(line) == 1
    (tmp_path / "my.toml").write_text(text.replace(line, other))
    with pytest.raises(DmpnetError, match=message):
        chip.load(tmp_path / "my.toml")


@pytest.mark.parametrize("key, value, message", [
    ("plasticity.w.bits", 17, "at most 16 bits"), ("plasticity.w.overflow", "wrap", "saturates"),
    ("plasticity.trace.signed", True, "trace is .*no sign"), ("plasticity.trace.bits", 17, "2 to 16 bits"),
    ("plasticity.amplitude.bits", 1, "2 to 16 bits"), ("plasticity.third.signed", False, "third is .*a sign"),
    ("plasticity.eligibility.bits", 40, "eligibility is .*2 to 16 bits"),
    ("plasticity.reads", "diagonals", "reads = 'diagonals', but it is one of rows, columns, both"),
    ("plasticity.decay", ["exponential"], "decay = .*linear, shift"), ("plasticity.random", 0, "random = 0"),
])
def test_what_cannot_learn(key, value, message):
    with pytest.raises(DmpnetError, match=message) as error:
        chip.changed(chip.load("learning"), {key: value})
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("decay", DECAYS)
def test_every_decay_can_be_had(decay):
    assert chip.changed(chip.load("dmp"), {"datapath.decay": [decay]}).datapath.decay == (decay,)


# words


@pytest.mark.parametrize("bits, signed, low, high", [
    (8, True, -128, 127), (8, False, 0, 255), (2, True, -2, 1), (1, False, 0, 1), (1, True, -1, 1),
    (11, True, -1024, 1023), (WIDEST, True, -(2**47), 2**47 - 1), (WIDEST, False, 0, 2**48 - 1)])
def test_range_of_a_word(bits, signed, low, high):
    word = Word(bits, signed=signed)
    assert (word.low, word.high) == (low, high)


@pytest.mark.parametrize("overflow", ["saturate", "wrap"])
def test_limits_of_wide_words_are_no_whole_numbers_in_code(overflow):
    """Above 32 bits Cython does not compile them, of which Brian2 tells nothing: all values stay 0."""
    held = Word(WIDEST, overflow=overflow).held("a")
    assert str(2.0**(WIDEST - 1)) in held and not re.search(r"\b\d{10,}\b(?!\.)", held)


@pytest.mark.parametrize("name", ["P", "nu", "b", "x", "m", "u", "I"])
def test_a_sign_alone_holds_weights_only(name):
    assert chip.changed(chip.load("dmp"), {"words.W_f.bits": 1}).words.W_f.binary
    with pytest.raises(DmpnetError, match=f"words.{name}.*a sign takes a bit.*set bits >= 2"):
        chip.changed(chip.load("dmp"), {f"words.{name}.bits": 1})


@pytest.mark.parametrize("name, signed, told", [
    ("beta", True, "signed = true, but it is a fraction; set signed = false"),
    *((name, False, "signed = false, but it goes below 0; set signed = true") for name in "muI")])
def test_signs_are_where_values_have_them(name, signed, told):
    with pytest.raises(DmpnetError, match=f"words.{name}: {told}"):
        chip.changed(chip.load("dmp"), {f"words.{name}.signed": signed})


@pytest.mark.parametrize("name", ["W_f", "W_r", "P", "nu", "Abar", "Bbar", "w_x", "W_o", "b", "beta", "s_in"])
@pytest.mark.parametrize("setting, value", [("rounding", "zero"), ("rounding", "stochastic"), ("overflow", "wrap")])
def test_what_no_constant_follows_is_refused(name, setting, value):
    """They are made once, each the nearest its word has."""
    with pytest.raises(DmpnetError, match=f"words.{name}: {setting} = '{value}', but .*nearest.*; set"):
        chip.changed(chip.load("dmp"), {f"words.{name}.{setting}": value})


def test_numbers_of_numpy_are_numbers():
    plain = {"words.W_f.bits": 4, "limits.neurons": 300, "datapath.decay": ["linear"], "datapath.pads": False}
    theirs = {"words.W_f.bits": np.int64(4), "limits.neurons": np.int32(300), "datapath.decay": ("linear",),
              "datapath.pads": np.False_}
    assert chip.changed(chip.load("dmp"), theirs) == chip.changed(chip.load("dmp"), plain)


@pytest.mark.parametrize("settings", [[("limits.neurons", 3)], {3: 3}, None])
def test_settings_are_numbers_by_name(settings):
    with pytest.raises(DmpnetError, match="changed: settings = .* numbers by name; give a dictionary"):
        chip.changed(chip.load("dmp"), settings)
    with pytest.raises(DmpnetError, match="changed: chip = 'dmp', but it takes a Chip"):
        chip.changed("dmp", {})


def test_what_no_sum_and_no_input_follows_is_refused():
    with pytest.raises(DmpnetError, match="words.I: rounding = 'nearest', but sums are rounded as x, m or u; leave"):
        chip.changed(chip.load("dmp"), {"words.I.rounding": "nearest"})
    with pytest.raises(DmpnetError, match="words.s_in: signed = true, but levels of input are counted from 0; set"):
        chip.changed(chip.load("dmp"), {"words.s_in.signed": True})
    assert chip.changed(chip.load("dmp"), {"words.I.overflow": "wrap"}).words.I.overflow == "wrap"


def test_a_weight_that_learns_is_no_sign_alone():
    """-1, 0 and 1 do not fit one bit; 0 and 1 do."""
    assert chip.changed(chip.load("learning"), {"plasticity.w.bits": 1}).plasticity.w.high == 1
    with pytest.raises(DmpnetError, match="plasticity: w is .*at most 16 bits, not a sign alone"):
        chip.changed(chip.load("learning"), {"plasticity.w.signed": True, "plasticity.w.bits": 1})


def test_what_is_kept_of_a_membrane_is_exact():
    """beta u, a product of so many bits, as float64 and 64-bit integers hold it."""
    assert chip.changed(chip.load("ideal"), {"words.beta.bits": 9, "words.u.bits": 44}).words.u.bits == 44
    with pytest.raises(DmpnetError, match="words.beta, words.u: 10 and 44 bits, but products are exact to 53"):
        chip.changed(chip.load("ideal"), {"words.beta.bits": 10, "words.u.bits": 44})


@pytest.mark.parametrize("bits, values", [(1, {-1, 1}), (2, {-1, 0, 1}), (4, set(range(-7, 8)))])
def test_constants_of_few_bits_are_binary_ternary_and_have_as_many_below_0_as_above(bits, values):
    word = Word(bits)
    assert set(word.nearest(np.linspace(-99, 99, 9999))) == values
    exact = np.array(sorted(values), float)
    np.testing.assert_array_equal(word.nearest(0.9 * exact) if bits == 1 else word.nearest(exact + 0.4), exact)


@given(st.integers(1, WIDEST - 1), st.booleans())
def test_a_word_has_as_many_values_as_its_bits_can_tell_apart(bits, signed):
    word = Word(bits + signed, signed=signed)
    bits += signed
    assert word.high - word.low + 1 == 2**bits and word.low <= 0 <= word.high
    assert float(word.high) == word.high and float(word.low) == word.low


@pytest.mark.parametrize("name", ["x", "u"])
def test_only_slots_of_m_hand_on_what_they_cut_off(name):
    with pytest.raises(DmpnetError, match=rf"words.{name}: rounding = 'carried'"):
        chip.changed(chip.load("dmp"), {f"words.{name}.rounding": "carried"})
    assert chip.changed(chip.load("dmp"), {"words.m.rounding": "carried"}).words.m.rounding == "carried"


@pytest.mark.parametrize("name", ["w", "trace", "eligibility", "amplitude", "third"])
def test_nothing_that_learns_hands_on_what_it_cuts_off(name):
    with pytest.raises(DmpnetError, match=f"plasticity: {name} rounds 'carried'"):
        chip.changed(chip.load("learning"), {f"plasticity.{name}.rounding": "carried"})
