"""What moves a membrane in one step where it is not the trained decay: Brian2 code of the user's own.

One step of a layer is I[k], then u[k], then threshold and reset (dmpnet.equations.neurons). A Membrane says how u
moves, by

    an expression   u[k] = kept(u[k-1]) + g I[k]           "beta*u", "u*exp(-dt/tau)": what is kept of u in one step
    equations       du/dt = f(u, I, w, ...), dw/dt = ...   "du/dt = (g*I - u)/tau : 1", which Brian2 integrates over
                                                           one step of length dt, in which I = I[k] is held

I is the summed input current of the step. The constants of the layer's neuron (beta, lam, leak, g, theta_u) have their
names in both, as has all else that its population holds (`Converted.dynamics` shows it). The decays that networks are
trained with, as equations, in INTEGRATED:

    exponential     du/dt = (g I/(1 - beta) - u)/tau, tau = -dt/ln beta    solved exactly: beta u[k-1] + g I[k]
    linear, shift   du/dt = (kept(u) + g I - u)/dt                         Euler's step is kept(u[k-1]) + g I[k]

They spike as the trained network does wherever rounding, about 1e-15 of I/(1 - beta), decides nothing.
"""

import ast
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from brian2 import Equations, Quantity
from brian2.equations.equations import DIFFERENTIAL_EQUATION, FLOAT, PARAMETER, SingleEquation
from brian2.units.fundamentalunits import DIMENSIONLESS, get_dimensions, get_unit
from brian2.utils.stringtools import get_identifiers

from dmpnet.equations.decay import DECAYS
from dmpnet.errors import DmpnetError

INPUT = "I : 1                           # summed input current, held over the step\n"
WITHIN = "k >= 0 and k < T"  # a step of the sample
HELD = "_held"  # w_held: what w is before and after the sample
MOVES = "du/dt = (g*I - u)/tau : 1"
"""Equations as they may be written."""
RANDOM = {"rand", "randn", "poisson"}
INTEGRATES = -3  # order of state updaters in their slot, in which a summed variable reads s at -1


@dataclass(frozen=True)
class Membrane:
    """How u moves in one step; for all layers or one of them (dmpnet.convert).

    step : expression of what is kept of u, or Brian2 equations with du/dt, text or Equations (kept as text); u is of
        unit 1
    method : by which Brian2 integrates equations: 'exact' (linear ones), 'euler', 'rk4' and so on, or a function as
        Brian2 takes it
    threshold, reset : Brian2 code in place of the layer's; where a slow memory acts on the threshold, a threshold of
        your own names I_m and b_m
    namespace : what names in the code mean: numbers and quantities, which may be one a neuron (N,) and become constants
        of the population, and Brian2 functions
    rest : what u and further variables are before the first input and after the last, 0 unless told; may be (N,)
    """

    step: Any
    method: Any = "exact"
    threshold: str | None = None
    reset: str | None = None
    namespace: Mapping[str, Any] = field(default_factory=dict)
    rest: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self):
        step = _text(self.step) if isinstance(self.step, Equations) else str(self.step).strip()
        object.__setattr__(self, "step", step)
        for name in ("namespace", "rest"):
            object.__setattr__(self, name, dict(getattr(self, name)))

    @cached_property
    def equations(self) -> Equations | None:
        """What Brian2 integrates; None for an expression. DmpnetError if it cannot be read."""
        return integrated(self.step, "step", "beta*u", MOVES)

    @cached_property
    def names(self) -> set[str]:
        """Every name in its code."""
        equations = self.equations
        code = " ".join((self.step if equations is None else "", self.threshold or "", self.reset or ""))
        found = get_identifiers(code)
        return set(found if equations is None else found | equations.names | equations.identifiers)

    @property
    def random(self) -> bool:
        """Whether it draws random numbers."""
        return any(name in RANDOM or re.fullmatch("xi(_.*)?", name) for name in self.names)

    @property
    def state(self) -> tuple[str, ...]:
        """Variables that are held at rest outside the sample: u, the differential ones, and others with a `rest`."""
        return tuple(dict.fromkeys(("u", *sorted(self.equations.diff_eq_names if self.equations else ()),
                                    *sorted(self.rest))))

    @property
    def values(self) -> dict[str, Any]:
        """Constants of the population by name, numbers or (N,): of `namespace` what the code names, and `rest`."""
        numbers = {name: value for name, value in self.namespace.items()
                   if name in self.names and isinstance(value, int | float | np.number | np.ndarray | Quantity)}
        return numbers | {f"{name}{HELD}": value for name, value in self.rest.items()}

    @property
    def functions(self) -> dict[str, Any]:
        """What else of `namespace` the code names."""
        return {name: value for name, value in self.namespace.items() if name in self.names and name not in self.values}

    def declared(self) -> Equations:
        """Its equations, and a constant of the population for each of `values` that they do not declare."""
        written = self.equations or Equations("")
        constants = [SingleEquation(PARAMETER, name, get_dimensions(value), var_type=FLOAT,
                                    flags=["constant"] if np.ndim(value) else ["shared", "constant"])
                     for name, value in self.values.items() if name not in written]
        return written + Equations(INPUT if self.equations else "") + Equations(constants)

    def moved(self) -> tuple[str, ...]:
        """Lines by which an expression moves u, once I is known; none for equations."""
        return () if self.equations else (f"u = {self.step} + g*I",)

    def held(self) -> tuple[str, ...]:
        """Lines that keep the state at rest outside the sample, after it has moved."""
        return tuple(f"{name} = {name}*int({WITHIN})" + (f" + {name}{HELD}*int(not ({WITHIN}))" if name in self.rest
                                                         else "") for name in self.state)

    def fires(self, threshold: str) -> str:
        """Its threshold, else the layer's `threshold`; nothing fires outside the sample, whatever its rest."""
        return f"({self.threshold or threshold}) and {WITHIN}"

    def put(self, group: Any, batch: int, after: tuple[str, ...]) -> None:
        """Give a population of `batch` samples its values and, for equations, their place in the step.

        They are integrated once I is known; then come the lines `after`, before anybody hears who has fired.
        """
        for name, value in {**self.values, **self.rest}.items():
            if np.ndim(value):
                group.variables[name].set_value(np.tile(np.asarray(value, float), batch))
            else:
                setattr(group, name, value)
        group.namespace.update(self.functions)
        if self.equations:
            group.state_updater.order = INTEGRATES
            if group.subexpression_updater is not None:
                group.subexpression_updater.when, group.subexpression_updater.order = "groups", INTEGRATES - 1
            group.run_regularly("\n".join(after), when="groups", order=INTEGRATES + 1,
                                name=f"{group.name}_held")


def integrated(code: Any, called: str, kept: str, moves: str) -> Equations | None:
    """What Brian2 integrates of a user's own code for u; None for an expression of what is kept of u in a step.

    called : the argument that it is given as;  kept, moves : an expression and equations as they may be written
    DmpnetError if it cannot be read, or is of other variables.
    """
    if not isinstance(code, Equations) and ":" not in code and not re.search(r"\bd\w+\s*/\s*dt\s*=", code):
        check_code(called, code, "eval", f"what is kept of u, as {kept!r}, or equations, as {moves!r}")
        check_number(called, code)
        return None
    try:
        found = Equations(code) if isinstance(code, str) else code
    except Exception as error:  # Brian2 raises several kinds, the grammar's among them
        raise DmpnetError(f"{called} = {code!r}, but it does not read as equations ({line(error)}); write them as "
                          f"{moves!r}") from error
    if "u" not in found.diff_eq_names:
        raise DmpnetError(f"its equations are of {', '.join(sorted(found))}, but du/dt is missing; add 'du/dt = ... "
                          f":{moves.rpartition(':')[2]}'")
    for name, equation in found.items():
        if equation.expr is not None and equation.var_type == FLOAT:
            check_number(name, str(equation.expr))
    return found


def check_hears(names: set[str], currents: set[str], heard: str, moves: str) -> None:
    """DmpnetError unless the `names` in equations of a user's own have one of `currents`, by which u hears `heard`.

    moves : equations as they may be written
    """
    if not names & currents:
        raise DmpnetError(f"your equations do not mention I, but it is by that current that u hears {heard}; add it, "
                          f"e.g. {moves}")


def check_code(called: str, text: str, mode: str, write: str) -> None:
    """DmpnetError unless `text` reads as Python does, an expression ('eval') or assignments ('exec')."""
    try:
        ast.parse(text, mode=mode)
    except SyntaxError as error:
        raise DmpnetError(f"{called} = {text!r}, but it cannot be read; write {write}") from error


def check_number(called: str, text: str) -> None:
    """DmpnetError where the expression `text` calculates with a condition, which Brian2 does not translate."""
    tree = ast.parse(text.strip(), mode="eval").body
    nodes = list(ast.walk(tree))
    parts = [tree, *(side for node in nodes if isinstance(node, ast.BinOp) for side in (node.left, node.right)),
             *(node.operand for node in nodes if isinstance(node, ast.UnaryOp) and not isinstance(node.op, ast.Not))]
    for part in parts:
        if isinstance(part, ast.Compare | ast.BoolOp) or isinstance(part, ast.UnaryOp) and isinstance(part.op, ast.Not):
            condition = ast.unparse(part)
            raise DmpnetError(f"{called} = {text!r}, but {condition!r} is a condition, with which Brian2 does not "
                              f"calculate; write int({condition})")


def _text(equations: Equations) -> str:
    """Equations in words that Brian2 reads; as it prints them, it does not read their units."""
    lines = []
    for name, equation in equations.items():
        left = f"d{name}/dt" if equation.type == DIFFERENTIAL_EQUATION else name
        unit = "1" if equation.dim is DIMENSIONLESS else repr(get_unit(equation.dim))
        unit = unit if equation.var_type == FLOAT else equation.var_type
        lines.append(left + (f" = {equation.expr}" if equation.expr is not None else "") + f" : {unit}"
                     + (f" ({', '.join(equation.flags)})" if equation.flags else ""))
    return "\n".join(lines)


def line(error: BaseException) -> str:
    """What Brian2 said, in one line: the last of an exception and those that caused it."""
    while error.__cause__ is not None:
        error = error.__cause__
    return " ".join(str(error).split()) or type(error).__name__


EXPONENTIAL = Membrane("""
du/dt = (g*I/(1 - beta) - u)/tau : 1
tau = -dt/log(beta) : second
""", method="exact")
LINEAR = Membrane(f"du/dt = ({DECAYS['linear']} + g*I - u)/dt : 1", method="euler")
SHIFT = Membrane(f"du/dt = ({DECAYS['shift']} + g*I - u)/dt : 1", method="euler")
INTEGRATED = {"exponential": EXPONENTIAL, "linear": LINEAR, "shift": SHIFT}
"""The trained decays as equations: `convert(trained, s_in, membrane=INTEGRATED[layer.neuron.decay])`."""


Membranes = Sequence[Membrane | None]
"""What moves u in place of the trained decay, one a layer; empty if no layer has any."""
