"""Integer networks for those who go on elsewhere: C, memory images, golden vectors, spikes.

    header(network)                       network.h, the arrays and constants of every layer, for network.c
    images(network, chip)                 what every bank of every core holds, row by row, as $readmemh reads it
    golden(network, s_in)                 inputs, spikes, membranes, memory and readout of every step
    lines(activity, dt), block(...)       spikes as lines, and as a neo.Block for Elephant
"""

from dmpnet.export.golden import golden
from dmpnet.export.header import PROGRAM, header
from dmpnet.export.images import images
from dmpnet.export.spikes import block, lines, save_block, save_lines

__all__ = ["PROGRAM", "block", "golden", "header", "images", "lines", "save_block", "save_lines"]
