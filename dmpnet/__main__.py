"""The command `dmpnet`, also as `python -m dmpnet`: light, so that Ctrl-C is heard while the rest is imported."""

import signal
import sys

from dmpnet import stopping, working_folder


def main() -> int:
    """Exit code of the command line, see dmpnet.cli."""
    code = stopping.stoppable(_command)
    for number in stopping.SIGNALS:
        signal.signal(number, signal.SIG_DFL)  # nothing is left to clear away
    return code


def _command() -> int:
    from dmpnet import cli

    return cli.main()


if __name__ == "__main__":
    working_folder.not_searched()
    sys.exit(main())
