"""The command `dmpnet`, also as `python -m dmpnet`: light, so that Ctrl-C is heard while the rest is imported."""

import sys

if __name__ == "__main__" and not sys.flags.safe_path:
    del sys.path[0]  # the working folder: no module there is taken for one that is meant

import logging  # noqa: E402
import signal  # noqa: E402

from dmpnet.system import stopping  # noqa: E402


def main() -> int:
    """Exit code of the command line, see dmpnet.cli."""
    code = stopping.stoppable(_command)
    for number in stopping.SIGNALS:
        signal.signal(number, signal.SIG_IGN)  # nothing is left to do
    if code > 128:
        logging.disable()
    return code


def _command() -> int:
    from dmpnet import cli

    return cli.main()


if __name__ == "__main__":
    sys.exit(main())
