"""All plasticity rules by name: those of every file in dmpnet/plasticity/rules."""

import importlib
import pkgutil

from dmpnet.disk.headers import shown
from dmpnet.errors import DmpnetError, meant
from dmpnet.plasticity import rules as families
from dmpnet.plasticity.rule import Rule


def all_rules() -> dict[str, Rule]:
    """Every rule, by name."""
    files = sorted(found.name for found in pkgutil.iter_modules(families.__path__))
    modules = (importlib.import_module(f"{families.__name__}.{name}") for name in files)
    return {rule.name: rule for module in modules for rule in module.RULES}


def rule(name: str) -> Rule:
    """The rule of that name."""
    rules = all_rules()
    if not isinstance(name, str) or name not in rules:
        raise DmpnetError(f"plasticity rule {shown(name)}{meant(name, rules)}: no such rule; choose from "
                          f"{', '.join(rules)}")
    return rules[name]
