"""The files of an exported folder, by format, and the README that says how to read them."""

import csv
import io
from collections.abc import Iterator

import numpy as np

from dmpnet.export.golden import ORDER, golden, ran, signals
from dmpnet.export.header import PROGRAM, header
from dmpnet.export.images import images
from dmpnet.hardware import addresses
from dmpnet.hardware.parts import Chip
from dmpnet.trained.network import TrainedNetwork

README = """\
# {name}, {shape}, in integers

{steps} steps a sample, {dt:g} s each; input: {input}. All numbers are whole; words, shifts and the order of a step are
in `network.h` (format c) and in dmpnet/arithmetic/fixed.py. A layer is a core; cores begin every sample at rest, all
state 0, shift registers (where a word rounds at random) at their seeds.

{files}
"""
TEXTS = {
    "c": """\
`cc -O2 -o network network.c && ./network golden.bin` runs the network of `network.h` in C99 on the {samples} recordings
of `golden.bin` and compares all values; exit code 0 if none differs.

`golden.bin`: {order}""",
    "mem": """\
`coreL_BANK.mem` is what a bank of core L holds before the first step, a row a line in hexadecimal digits, highest bit
first, for $readmemh. Words lie in a row from its lowest bit on, in two's complement (a binary weight: 1 for +1, 0 for
-1), and may go on in the next row. `map.csv` has core, bank, array, word, row, bit and width of every word; its last
column says in which order the indices of an array run.""",
    "golden": """\
A line a step, sample after sample ({samples} x {steps} lines), in hexadecimal digits for $readmemh: `inputs.mem`; of
layer L `layerL_s.mem` (spikes), `layerL_u.mem` (membranes after the step), `layerL_m.mem` and `layerL_x.mem` (slow
memory); `readout.mem`. A line holds all units side by side, unit 0 in the lowest bits, in two's complement; bits a
unit: {widths}. `classes.mem`: a line a sample.

`golden.bin` is the same: {order}""",
}


def names(to: str, network: TrainedNetwork, chip: Chip) -> list[str]:
    """Files that `files` gives."""
    if to == "c":
        return ["README.md", "network.h", "network.c", "golden.bin"]
    if to == "mem":
        return ["README.md", "map.csv", *dict.fromkeys(f"core{number}_{region.bank}.mem" for number, region in
                                                       addresses.of_network(network, chip))]
    kept = [f"layer{number}_{name}.mem" for number, layer in enumerate(network.layers, 1)
            for name in ("s", "u", *("m", "x") * (layer.slow is not None))]
    return ["README.md", "golden.bin", "inputs.mem", *kept, "readout.mem", *["classes.mem"] * (network.kappa is None)]


def files(to: str, network: TrainedNetwork, chip: Chip, s_in: np.ndarray | None,
          name: str) -> Iterator[tuple[str, bytes]]:
    """Name and contents of every file of format `to`, of an integer network."""
    encoding, told, widths = network.encoding, {}, ""
    if to == "c":
        yield "network.h", header(network, name).encode()
        yield "network.c", PROGRAM.read_bytes()
    if to == "mem":
        yield "map.csv", _map(network, chip).encode()
        for bank, rows in images(network, chip):
            yield f"{bank}.mem", "".join(f"{row}\n" for row in rows).encode()
    if s_in is not None:
        found = ran(network, s_in)
        yield "golden.bin", golden(network, s_in, found).tobytes()
    if to == "golden" and s_in is not None:
        for signal, bits, values in signals(network, s_in, found):
            told[signal] = bits
            yield f"{signal}.mem", _hexadecimal(values, bits).encode()
        widths = ", ".join(f"{signal} {bits}" for signal, bits in told.items())
    text = TEXTS[to].format(samples=0 if s_in is None else len(s_in), order=ORDER, steps=encoding.steps, widths=widths)
    yield "README.md", README.format(
        name=name, shape=network.shape, steps=encoding.steps, dt=encoding.dt, files=text,
        input=f"levels 0 to {encoding.levels}" if encoding.levels else "spikes, 0 or 1").encode()


def _map(network: TrainedNetwork, chip: Chip) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow((*addresses.COLUMNS, "order"))
    for number, region in addresses.of_network(network, chip):
        writer.writerows((*word, region.order) for word in addresses.words(number, region))
    return out.getvalue()


def _hexadecimal(values: np.ndarray, bits: int) -> str:
    """Lines of whole numbers (lines, units), unit 0 lowest, each of `bits` in two's complement."""
    ones = (values[:, :, None] >> np.arange(bits) & 1).astype(np.uint8).reshape(len(values), -1)
    packed = np.packbits(ones, axis=1, bitorder="little")[:, ::-1]
    digits = -(-ones.shape[1] // 4)
    return "".join(f"{row.tobytes().hex()[-digits:]}\n" for row in packed)
