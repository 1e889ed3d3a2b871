"""All plasticity rules by name."""

from dmpnet.errors import DmpnetError, meant
from dmpnet.plasticity.rule import Rule
from dmpnet.plasticity.rules import binary, diehl_cook, gated, pair, reward, triplet

FAMILIES = (pair, triplet, diehl_cook, reward, gated, binary)


def all_rules() -> dict[str, Rule]:
    """Every rule, by name."""
    return {rule.name: rule for family in FAMILIES for rule in family.RULES}


def rule(name: str) -> Rule:
    """The rule of that name."""
    found = all_rules()
    if name not in found:
        raise DmpnetError(f"plasticity rule {name!r}{meant(name, found)}: no such rule; choose from {', '.join(found)}")
    return found[name]
