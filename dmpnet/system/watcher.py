"""Waits until a process is gone and ends what it left running: `python -I -S watcher.py MARK`, its stdin a pipe.

The other end of the pipe is held by the process that is watched. A byte from there says that all has ended; a closed
pipe that the process is gone, be it killed outright. All it started, compilers that make started too, carry MARK in
their environment. For Linux, where environments are files; it imports nothing but the standard library.
"""

import contextlib
import os
import signal
import sys
import time

PAUSE = 0.05  # seconds between two looks
CLEAR = 2  # looks in a row that find nothing
LONGEST = 10.0  # seconds of looking


def marked(mark: bytes) -> list[int]:
    """Ids of the processes that have `mark`, a whole NAME=value, in their environment."""
    found = []
    for name in os.listdir("/proc"):
        with contextlib.suppress(OSError):  # gone meanwhile, or of another user
            if name.isdigit():
                with open(f"/proc/{name}/environ", "rb") as environment:
                    if mark in environment.read().split(b"\0"):
                        found.append(int(name))
    return found


def end(mark: bytes) -> None:
    """Kill all that carry `mark`, also those that are started meanwhile."""
    until, clear = time.monotonic() + LONGEST, 0
    while clear < CLEAR and time.monotonic() < until:
        found = marked(mark)
        for process in found:
            with contextlib.suppress(OSError):
                os.kill(process, signal.SIGKILL)
        clear = 0 if found else clear + 1
        time.sleep(PAUSE)


if __name__ == "__main__":
    if not os.read(0, 1):
        end(os.fsencode(sys.argv[1]))
