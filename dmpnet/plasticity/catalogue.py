"""All plasticity rules by name."""

from dmpnet.errors import DmpnetError, meant
from dmpnet.plasticity import binary, diehl_cook, gated, pair, reward, triplet
from dmpnet.plasticity.rule import Rule

FAMILIES = (pair, triplet, diehl_cook, reward, gated, binary)


def rules() -> dict[str, Rule]:
    """Every rule, by name."""
    return {rule.name: rule for family in FAMILIES for rule in family.RULES}


def rule(name: str) -> Rule:
    """The rule of that name."""
    found = rules()
    if name not in found:
        raise DmpnetError(f"plasticity rule {name!r}{meant(name, found)}: no such rule; choose from {', '.join(found)}")
    return found[name]
