"""Names in the code of a rule, kept apart from those of the neurons that its synapses join.

In Brian2 the code of synapses sees every variable of the neurons: v of the postsynaptic ones as v and v_post, of the
presynaptic ones as v_pre. So a parameter tau_plus, a trace x_pre or an intermediate result of a rule would be lost to,
or written to, a variable of that name; such a name of the rule gets another one.
"""

import re
from dataclasses import dataclass
from typing import Any

from brian2.core.functions import DEFAULT_FUNCTIONS
from brian2.utils.stringtools import get_identifiers

from dmpnet.errors import DmpnetError
from dmpnet.plasticity.rule import Rule
from dmpnet.plasticity.statements import assigned, variables

OTHERWISE = "_of_rule"
"""Is added to a name of a rule that the neurons have too."""
EVERYWHERE = {"t", "dt", "t_in_timesteps", "i", "j", "N", "int", *DEFAULT_FUNCTIONS}
"""What any code may read."""


@dataclass(frozen=True)
class Code:
    """The code of a rule as its synapses have it; `called` says what they call its names."""

    on_pre: str
    on_post: str
    each_step: str
    called: dict[str, str]
    namespace: dict[str, Any]


def apart(rule: Rule, source: Any, target: Any, transmit: str, model: str) -> Code:
    """The code of `rule` for synapses from source to target with more code of the user's."""
    declared = {"w", *variables(rule.model), *["sample"] * bool(rule.third_factor)}
    theirs = {name + "_pre" for name in source.variables}
    theirs |= {name + suffix for name in target.variables for suffix in ("", "_post")}
    _check_declared(rule, declared, {"source": source, "target": target}, model)
    theirs |= {*variables(model), *assigned(transmit)} - declared
    written = "\n".join((rule.on_pre, rule.on_post, rule.each_step))
    own = {*rule.parameters, *rule.functions, *(assigned(written).keys() - declared)}
    for equations, suffix in ((rule.pre_equations, "_pre"), (rule.post_equations, "_post"),
                              (rule.third_factor, "_third")):
        own |= {name + suffix for name in variables(equations)}
    needed = {name + suffix for name in rule.needs for suffix in ("", "_post")}
    undeclared = (get_identifiers(written) & theirs) - own - needed - EVERYWHERE
    if undeclared:
        raise DmpnetError(f"{rule.name}: its code reads {', '.join(sorted(undeclared))} of the neurons, but a rule "
                          f"reads what it declares; name it in `needs`")
    called = {name: _free(name, theirs | own) if name in theirs else name for name in own}
    return Code(_renamed(rule.on_pre, called), _renamed(rule.on_post, called), _renamed(rule.each_step, called),
                called, {called[name]: value for name, value in rule.namespace.items()})


def _check_declared(rule: Rule, declared: set[str], groups: dict[str, Any], model: str) -> None:
    """Raise DmpnetError if a variable of the rule's synapses is one of the neurons' or of the user's model, too."""
    for side, group in groups.items():
        for name in sorted(declared & set(group.variables)):
            raise DmpnetError(f"{rule.name}: {side} {group.name} has a variable {name!r}, but so have the synapses of "
                              f"this rule, which code could not tell apart; rename that of the neurons")
    for name in sorted(declared.intersection(variables(model))):
        raise DmpnetError(f"{rule.name}: {name!r} is in the model, but the synapses of this rule have it already; "
                          f"rename it")


def _free(name: str, taken: set[str]) -> str:
    while name in taken:
        name += OTHERWISE
    return name


def _renamed(code: str, called: dict[str, str]) -> str:
    return re.sub(r"\b[^\W\d]\w*\b", lambda found: called.get(found[0], found[0]), code)
