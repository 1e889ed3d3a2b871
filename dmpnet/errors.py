"""What dmpnet says when a request cannot be carried out."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from difflib import get_close_matches
from typing import Any


class DmpnetError(ValueError):
    """A wrong input, file or setting: one line that names the object, the value, the limit and the fix.

    The command line prints it without a traceback and exits with code 2.
    """


class DataError(DmpnetError):
    """A data set is missing, incomplete or not of the documented layout."""


class MissingData(DataError):
    """The files of a data set are not there."""


class DataWarning(UserWarning):
    """What a data set lost or left out while it was read, in one line; the command line prints it as a note."""


class Diverged(DmpnetError):
    """A training came apart: a loss or gradients that are not finite."""

    @property
    def happened(self) -> str:
        """What it was, without what to do."""
        return str(self).partition(";")[0]


class SweepWarning(UserWarning):
    """What a sweep met and mended, in one line: a worker that died, a damaged result; shown as a DataWarning is."""


class SweepError(DmpnetError):
    """Points of a sweep failed, after all others were done; `failures` has them with their tracebacks."""

    def __init__(self, told: str, failures: list[Any]):
        super().__init__(told)
        self.failures = failures


class WeightsError(DmpnetError):
    """A weights file cannot be read, or what it holds is not a network."""


class BackendError(DmpnetError):
    """A simulation back end is unknown or not usable on this machine."""


@contextmanager
def about(what: str) -> Iterator[None]:
    """DmpnetErrors inside the block say what they are about."""
    try:
        yield
    except DmpnetError as error:
        raise DmpnetError(f"{what}: {error}") from error.__cause__


def meant(name: object, known: Iterable[str]) -> str:
    """' (did you mean ...?)' with the known name that is nearest to a misspelt one; '' if none is near."""
    near = get_close_matches(str(name)[:80], list(known), 1)
    return f" (did you mean {near[0]}?)" if near else ""


def one_of(name: str, value: object, known: Iterable[str]) -> str:
    """What is said of a word that is not one of the known ones."""
    known = list(known)
    return f"{name} = {value!r}{meant(value, known)}, but it is one of {', '.join(known)}; choose one"
