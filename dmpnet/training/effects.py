"""Settings of a recipe that change nothing beside others: refused where they are asked for, not where they are read."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import fields
from typing import TYPE_CHECKING, Any

from dmpnet.equations.decay import BY_NAME
from dmpnet.errors import DmpnetError

if TYPE_CHECKING:
    from dmpnet.training.recipe import Recipe

SLOW, CONSTANT = ("d", "theta", "blocks", "feed", "d_s", "acts"), ("lam", "shift", "c")
IDLE: tuple[tuple[tuple[str, ...], str, Callable[[Any], bool], str], ...] = (
    (SLOW, "kind", lambda kind: kind in ("fsnn", "rsnn", "dsnn"), "set kind = 'dmp'"),
    (("d", "theta"), "blocks", bool, "say it in blocks"),
    (("feed",), "blocks", lambda blocks: len(blocks) < 2, "give two blocks or more"),
    (("beta", "decay", *CONSTANT), "modes", bool, "set modes = 0"),
    (("emits", "mode_dt"), "modes", lambda modes: not modes, "set modes > 0"),
    (("reset",), "emits", lambda emits: emits != "reset", "set emits = 'reset'"),
    *(((name,), "decay", lambda decay, name=name: decay in BY_NAME and BY_NAME[decay].field != name,
       f"take a decay that has {name}") for name in CONSTANT),
    (("delay_input", "delay_sigma"), "delay_max", lambda steps: not steps, "set delay_max > 0"),
    (("coarse", "coarse_counts"), "coarse_epochs", lambda epochs: not epochs, "set coarse_epochs > 0"),
    (("coarse_epochs",), "coarse", lambda steps: steps == 1, "set coarse > 1"),
    (("rate_target", "rate_ramp"), "rate_weight", lambda weight: not weight, "set rate_weight > 0"),
    (("recurrent_norm",), "kind", lambda kind: kind in ("fsnn", "dsnn", "dmp"), "set kind = 'rsnn'"),
    (("dropout",), "sizes", lambda sizes: len(sizes) < 4, "train two hidden layers or more"),
)
"""Settings, another, the values of that beside which they change nothing, and what to do."""

CARRIED = ("beta", "coarse")
"""Those that recipes of the table have without effect; their digests are frozen."""


def check(recipe: Recipe, given: Iterable[str]) -> None:
    """Raise DmpnetError for the first of the settings `given` that is not at its default and changes nothing."""
    default = {field.name: field.default for field in fields(recipe)}
    asked = [name for name in given if name in default and getattr(recipe, name) != default[name]]
    for names, other, idle, fix in IDLE:
        for name in asked:
            if name in names and idle(beside := getattr(recipe, other)):
                raise DmpnetError(f"recipe: {name} = {getattr(recipe, name)!r}, but it changes nothing where {other} = "
                                  f"{beside!r}; leave it out, or {fix}")
