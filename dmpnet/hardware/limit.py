"""One limit of a core: its number in the description of a chip, and the check, in one place."""

from collections.abc import Callable
from dataclasses import dataclass

from dmpnet.hardware.banks import Core, Need
from dmpnet.hardware.parts import Chip


@dataclass(frozen=True)
class Limit:
    """Something of which a core takes so many and no more.

    name : its key in [limits] of a description, which may leave it out
    what : what is counted, in words
    used : how many a core needs; None where that is not known
    way_out : what makes them fewer
    default : how many there are where a description leaves it out; None: there is no limit then
    """

    name: str
    what: str
    used: Callable[[Core], int | None]
    way_out: str
    default: int | None = None

    def __call__(self, core: Core, chip: Chip) -> Need | None:
        """What `core` needs of it; None where there is no limit, or nobody knows."""
        most, used = getattr(chip.limits, self.name, self.default), self.used(core)
        if most is None or used is None:
            return None
        return Need(self.name.replace("_", " "), core.number, self.what, used, most,
                    f"{self.way_out}, or take a chip with limits.{self.name} = {used}")
