"""The address map: every bit of a bank belongs to one word, and the bank is as large as `fit` says."""

import csv

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from networks import random_network

from dmpnet import cli
from dmpnet.hardware import addresses, chip
from dmpnet.hardware.banks import BANKS
from dmpnet.hardware.fit import core_of
from dmpnet.trained import weights

DMP = chip.load("dmp")


def core(described, kind="DMP", d=5, M=6, N=9):
    return core_of(random_network((M, N, 3), kind=kind, d=d, steps=8), 1, described)


@settings(max_examples=25)
@given(kind=st.sampled_from(["FSNN", "RSNN", "DMP", "DMP+RSNN"]), lanes=st.integers(1, 9), bits=st.integers(2, 11),
       breaks=st.booleans(), slots=st.integers(5, 8))
def test_every_bit_is_one_words_and_the_banks_are_full(kind, lanes, bits, breaks, slots):
    described = chip.changed(DMP, {"limits.lanes": lanes, "words.W_f.bits": bits, "limits.slots": slots,
                                   "datapath.dependency_breaking": breaks})
    placed = core(described, kind)
    found = list(addresses.regions(placed, described))
    for bank in BANKS:
        own = [region for region in found if region.bank == bank.name]
        taken = np.zeros(8 * bank.size(placed, described), int)
        for region in own:
            assert region.width == lanes * max(each.bits for each in own)
            for word in range(region.count):
                row, bit = region.place(word)
                assert 0 <= bit < region.width
                taken[row * region.width + bit:][:region.bits] += 1
        assert taken.max(initial=0) <= 1 and len(taken) - taken.sum() < 8, "all but what fills the last byte"


def test_where_words_lie_by_hand():
    """dmp: 9 neurons on 6 inputs, 54 bytes of W_f, 6 of w_x, 27 of W_o, then 13 biases; rows of 4 lanes of 16 bits."""
    found = {region.word: region for region in addresses.regions(core(DMP), DMP)}
    assert found["W_f"].place(0) == (0, 0) and found["W_f"].place(9) == (1, 8)  # of input 1: the tenth byte
    assert found["w_x"].place(0) == divmod(54 * 8, 64) and found["b"].place(1) == divmod(87 * 8 + 16, 64)
    assert found["P"].place(9) == divmod(9 * 8, 32) and found["Abar"].place(0) == divmod((8 * 9 + 9) * 8, 32)
    assert found["m"].place(0) == (2, 16) and found["x"].place(0) == divmod(9 * 16 + 8 * 16, 64)


def test_the_command_writes_where_every_word_lies(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    network = random_network((6, 9, 7, 3), d=5)
    weights.save(network, tmp_path / "net.npz")
    assert cli.main(["chip", "map", "net.npz", "--chip", "dmp", "--out", "map.csv"]) == 0
    assert "input, neuron" in capsys.readouterr().out
    with open("map.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    one = next(row for row in rows if (row["core"], row["array"], row["word"]) == ("1", "W_f", "9"))
    assert (one["bank"], one["row"], one["bit"], one["bits"]) == ("weights", "1", "8", "8")
    assert sum(row["array"] == "W_f" and row["core"] == "2" for row in rows) == 9 * 7
