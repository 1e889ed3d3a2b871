"""The command line: `dmpnet --help`."""

import argparse
import sys
import warnings
from collections.abc import Callable
from functools import partial
from typing import Any

from dmpnet import __version__, commands
from dmpnet.errors import DataWarning, DmpnetError, SweepWarning
from dmpnet.results import terminal
from dmpnet.system import processes, stopping, working_folder

DESCRIPTION = """\
Trained dual-memory-pathway (DMP) spiking networks in Brian2, spike for spike as they were trained.

start here:
  dmpnet run                      a trained network reads 100 handwritten digits pixel by pixel, in Brian2
  dmpnet run shd-regen-dmp2       another one that ships, on what ships of its data
  dmpnet info                     the networks that ship with dmpnet
  dmpnet info smnist-dmp2         one of them: layers, parameters, state, where it comes from
  dmpnet simulate smnist-dmp2 digits.npy --out spikes.npz
                                  your own input; spikes of every layer in a file
  dmpnet train braille --out mine
                                  train your own (needs the extra: pip install '.[train]' in a clone)
  dmpnet decay shd-regen-dmp2 --split subset
                                  what is lost if the membranes leak by subtraction
  dmpnet constrain braille-dmp2 --chip dmp-256 --evaluate
                                  in the integers of a chip: does it fit, does it still classify
  dmpnet convert-ann net.onnx --dataset mnist
                                  a ReLU network as spiking neurons: accuracy against steps, which layer loses it
  dmpnet import net.nir --check   another tool's network: how each of its nodes would be taken
  dmpnet fit nmnist-conv-dmp --chip dmp-camera --samples 100
                                  does a network with convolutions fit a chip, and what does it take
  dmpnet codesign --budget 20kB --dataset braille
                                  network and chip together: accuracy against bytes and energy over d, N and bits
  dmpnet stdp                     plasticity rules with their sources; stdp window RULE measures one in Brian2
  dmpnet learn digits --download --out digits
                                  400 neurons learn handwritten digits by STDP, without labels
  dmpnet data                     data sets and weights: what is at hand; data mnist, data weights fetch more
  dmpnet figures                  the figures of the papers and ours; figures all --out FOLDER draws them
  dmpnet table1                   accuracy against parameters, the paper's Table 1 beside ours
"""


def parser(only: str | None = None) -> argparse.ArgumentParser:
    """Of all commands, or of `only` one, beside which the others have but their names."""
    top = terminal.Parser(prog="dmpnet", description=DESCRIPTION)
    top.add_argument("--version", action="version", version=f"dmpnet {__version__}")
    parsers = top.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for name in commands.names():
        if only in (None, name):
            commands.command(name).add(parsers)
        else:
            parsers.add_parser(name, help=commands.summary(name))
    return top


def main(argv: list[str] | None = None) -> int:
    """Exit code: 0 done, 1 done, but places differ from the reference, 2 a request that cannot be carried out (one line
    on stderr), 130 interrupted, 141 nobody reads its output, 143 terminated.

    While it runs it hears Ctrl-C and SIGTERM itself, has temporary files in a folder of its own and runs nothing that
    lies in the working folder.
    """
    return stopping.stoppable(lambda: _executed(argv))


def _executed(argv: list[str] | None) -> int:
    terminal.escaped()
    words = sys.argv[1:] if argv is None else argv
    arguments = parser(words[0] if words else "").parse_args(words)
    try:
        with working_folder.not_read(), processes.workplace(), warnings.catch_warnings():
            warnings.showwarning = partial(noted, warnings.showwarning)
            code = arguments.execute(arguments) or 0
            print(end="", flush=True)
            return code
    except (DmpnetError, OSError) as error:
        return terminal.failed("dmpnet", error)


def noted(otherwise: Callable[..., None], message: Warning | str, category: type[Warning], *where: Any,
          **rest: Any) -> None:
    """Show what is to be said of data and sweeps as a note in one line, other warnings as they are."""
    if issubclass(category, DataWarning | SweepWarning):
        print(f"note: {message}", file=sys.stderr)
    else:
        otherwise(message, category, *where, **rest)
