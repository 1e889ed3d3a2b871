"""A population of a graph as Brian2 code: its variables, its constants, and the lines of a step.

Written from the equations in dmpnet.graph.population. A constant that changes nothing (c = 0, g = 1) is left out; one
that holds for all neurons is a shared number, others are one a neuron of every sample. s is 1 where a neuron fired,
`wait` counts the refractory steps that are left.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from dmpnet.equations.decay import CONSTANTS, DECAYS, FLOORED

if TYPE_CHECKING:
    from dmpnet.graph.population import Population

COUNT = "k += 1"
STEP = "k : integer (shared)"
"""Steps counted, where code asks for them: in integers, where chance is a table of steps."""
NEUTRAL = {"c": 0.0, "g": 1.0, "w": 1.0, "u_reset": 0.0, "refractory": 0}


def constants(node: Population) -> dict[str, np.ndarray]:
    """The constants that a step needs, by the name they have in Brian2."""
    if node.fixed is not None:
        values = {CONSTANTS[node.decay]: node.beta, "b": node.c, "theta_u": node.theta, "lowest": node.floor}
        return {name: np.asarray(value) for name, value in values.items() if value is not None}
    wanted = ["beta", "g", "c"]
    wanted += ["alpha", "w"] if node.alpha is not None else []
    wanted += [name for name in ("g_before", "floor") if getattr(node, name) is not None]
    if node.fires:
        wanted += ["theta", "refractory"] + ["u_reset"] * (node.reset == "value")
    found = {name: np.asarray(getattr(node, name)) for name in wanted}
    found = {name: value for name, value in found.items() if value.shape or NEUTRAL.get(name) != value}
    renamed = {"beta": CONSTANTS[node.decay], "floor": "lowest", "refractory": "rest"}  # Brian2 has uses of its own
    return {renamed.get(name, name): value for name, value in found.items()}


def gives(node: Population) -> str:
    """The variable that others hear: s, or u, or y where u begins elsewhere than at 0, which nobody hears."""
    return "s" if node.fires else "y" if begins(node) else "u"


def equations(node: Population) -> str:
    """Its variables and constants."""
    used = constants(node)
    lines = ["u : 1  # membrane"]
    lines += ["i_syn : 1  # synaptic current"] if _keeps_current(node) else []
    lines += [f"{gives(node)} : 1  # {'1 where it fires' if node.fires else 'u of a step, 0 before the first'}"
              ] if gives(node) != "u" else []
    lines += [STEP] if node.fixed is not None else []
    lines += ["wait : integer  # steps without update that are left"] if "rest" in used else []
    lines += [f"{name} : {'integer' if name == 'rest' else '1'} ({'' if value.shape else 'shared, '}constant)"
              for name, value in used.items()]
    return "\n".join(lines)


def lines(node: Population, x: str) -> list[str]:
    """What a step does, x the expression of its input."""
    used = constants(node)
    code = [f"x = {x}"]
    if _keeps_current(node):
        code += ["i_before = i_syn"] if "g_before" in used else []
        code += [f"i_syn = alpha*i_syn + {_times('w', used)}x" if node.alpha is not None else "i_syn = x"]
    current = "i_syn" if _keeps_current(node) else "x"
    code += ["v = " + " + ".join((_left(node), f"{_times('g', used)}{current}",
                                  *["g_before*i_before"] * ("g_before" in used), *["c"] * ("c" in used)))]
    code += _reset(node, used, "v") if node.late and node.fires else []
    code += [FLOORED.format("v")] if "lowest" in used else []
    return code + (_fire(node, used) if node.fires else ["u = v", *["y = u"] * (gives(node) == "y")])


def _fire(node: Population, used: dict[str, np.ndarray]) -> list[str]:
    """Thresholding and the prompt reset, with rest after a spike."""
    over = f"int(v {'>' if node.strict else '>='} theta)"
    if "rest" in used:
        code = ["rests = int(wait > 0)", "v = (1 - rests)*v + rests*u", f"s = (1 - rests)*{over}",
                "wait = int(s > 0)*rest + int(s == 0)*(wait - rests)"]
    else:
        code = [f"s = {over}"]
    return code + (["u = v"] if node.late else _reset(node, used, "u"))


def _reset(node: Population, used: dict[str, np.ndarray], to: str) -> list[str]:
    """`to` is v, reset where s is 1."""
    if node.reset == "none":
        return [] if to == "v" else [f"{to} = v"]
    if node.reset == "subtract":
        return [f"{to} = v - s*theta"]
    return [f"{to} = (1 - s)*v" + " + s*u_reset" * ("u_reset" in used)]


def _left(node: Population) -> str:
    """What is left of u."""
    kept: str = DECAYS[node.decay]
    return kept


def _times(name: str, used: dict[str, np.ndarray]) -> str:
    return f"{name}*" if name in used else ""


def _keeps_current(node: Population) -> bool:
    return node.alpha is not None or node.g_before is not None


def put(group: Any, node: Population, batch: int) -> None:
    """Set the constants and the first membranes of `group`, B samples of the population."""
    for name, value in constants(node).items():
        group.variables[name].set_value(np.tile(value.ravel(), batch) if value.shape else value.item())
    if begins(node):
        group.variables["u"].set_value(np.tile(np.broadcast_to(node.u_0, node.shape).ravel(), batch))


def begins(node: Population) -> bool:
    """Whether its membranes begin elsewhere than at 0."""
    return bool(np.any(node.u_0))
