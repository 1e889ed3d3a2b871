"""Networks that were never spiking: a ReLU network as data, converted to integrate-and-fire neurons layer by layer.

    ann.network      Network: Affine, Convolution, Pool, Flatten and Rectify in a row, batch normalisation folded
    ann.onnx_file    reads one from ONNX; from a torch nn.Sequential: dmpnet.training.sequential
    ann.conversion   convert: thresholds and weights balanced on calibration samples
    ann.report       layer_report: which layer loses it, and accuracy against the number of steps
    ann.images       what a network that reads a whole sample at once is given of a data set
"""

from dmpnet.ann.conversion import convert
from dmpnet.ann.network import Network
from dmpnet.ann.report import layer_report

__all__ = ["Network", "convert", "layer_report"]
