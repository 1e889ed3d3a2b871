"""Membranes of a user's own for a trained network, one a layer: told what is wrong with them before anything is built.

`checked` makes of what `convert` and `simulate` take (dmpnet.equations.membrane) one Membrane a layer. What their code
names, its units, and whether Brian2 can integrate it are found without a Brian2 device: nothing of the user's session
is touched. `described` and `read` hand them to the process that makes a compiled program.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from brian2 import Equations, Function, Quantity, second
from brian2.core.namespace import DEFAULT_CONSTANTS, DEFAULT_FUNCTIONS, DEFAULT_UNITS
from brian2.core.variables import Constant, Variable
from brian2.equations.equations import PARAMETER
from brian2.equations.unitcheck import check_dimensions
from brian2.parsing.expressions import is_boolean_expression
from brian2.stateupdaters.base import StateUpdateMethod
from brian2.units.fundamentalunits import DIMENSIONLESS, get_dimensions, get_or_create_dimension

from dmpnet.equations.membrane import HELD, INPUT, MOVES, Membrane, check_code, check_hears, line
from dmpnet.errors import BackendError, DmpnetError, about, meant, one_of

if TYPE_CHECKING:
    from dmpnet.brian.real_steps import Steps

GIVEN = {"i": DIMENSIONLESS, "N": DIMENSIONLESS, "t": second.dim, "dt": second.dim, "xi": second.dim**-0.5}
"""What Brian2 itself knows in every population."""
CURRENTS = {"I", "I_f", "I_r", "I_m"}
"""What all or part of the input of u is called."""
SYMBOLS = {"W_f", "W_r", "W_m", "nu", "I_in", "I_1", "I_2", "w"}  # of one coupling or the other, w of its synapses
KNOWN = {**DEFAULT_CONSTANTS, **DEFAULT_FUNCTIONS, **DEFAULT_UNITS}


class Checked(tuple[Membrane | None, ...]):
    """Membranes that were found fit for every layer of a network, () if it keeps its trained decays."""


def checked(membrane: Any, layers: Sequence[Steps], dt: float) -> Checked:
    """One Membrane or None for each of `layers`, () if none is given; DmpnetError unless all of them can be run.

    dt : seconds a step
    """
    if membrane is None or isinstance(membrane, Checked):
        return membrane or Checked()
    several = isinstance(membrane, list | tuple)
    given = tuple(membrane) if several else (membrane,) * len(layers)
    if len(given) != len(layers):
        raise DmpnetError(f"membrane: {len(given)} are given, but the network has {len(layers)} layers; give one for "
                          f"all, or a list with one a layer, None for the trained decay")
    found = []
    for number, (each, layer) in enumerate(zip(given, layers, strict=True), 1):
        with about(f"membrane of layer {number}"):
            found.append(_made(each))
            if found[-1] is not None:
                _check(found[-1], layer, dt)
    return Checked(found if any(found) else ())


def check_drawn(own: Sequence[Membrane | None]) -> None:
    """DmpnetError if any of them draws random numbers: what is simulated in batches must not depend on them."""
    for number, membrane in enumerate(own, 1):
        if membrane and membrane.random:
            raise DmpnetError(f"membrane of layer {number}: it draws random numbers, but simulate gives the same "
                              f"activity in any batches and on any back end; use network.convert, with your own seed")


def _made(given: Any) -> Membrane | None:
    if given is None or isinstance(given, Membrane):
        return given
    if isinstance(given, str | Equations):
        return Membrane(given)
    raise DmpnetError(f"{given!r} is given, but what moves a membrane is Brian2 code or a Membrane; give text, e.g. "
                      f"'beta*u'")


def _check(membrane: Membrane, steps: Steps, dt: float) -> None:
    """All that can be wrong with the membrane of a layer, in the order in which a user would mend it."""
    layer, moved = steps.layer, steps.moved_by(membrane)
    own = {"u", *Equations(moved.equations().format(shared="", each="") + INPUT).names}
    _check_written(membrane, own | SYMBOLS)
    _check_named(membrane, own)
    if membrane.equations:
        check_hears(membrane.names, CURRENTS, "its input", MOVES)
    _check_values(membrane, layer.N)
    if layer.acts == "threshold" and membrane.threshold is not None and "I_m" not in membrane.names:
        raise DmpnetError(f"threshold = {membrane.threshold!r}, but the layer's slow memory acts on the threshold; "
                          f"subtract (I_m + b_m) from yours")
    _check_units(membrane, own, dt)


def _check_written(membrane: Membrane, taken: set[str]) -> None:
    """Its code is code, and with no second meaning for names that are taken."""
    if membrane.threshold is not None:
        check_code("threshold", membrane.threshold, "eval", "a condition, as 'u > 1'")
    if membrane.reset is not None:
        check_code("reset", membrane.reset, "exec", "assignments, as 'u = 0'")
    written = membrane.equations or {}
    if membrane.equations and membrane.equations["u"].dim is not DIMENSIONLESS:
        raise DmpnetError(f"its u is in {membrane.equations['u'].unit}, but a trained u has no unit; write 'du/dt = "
                          f"... : 1'")
    twice = (set(written) | set(membrane.values)) & (taken | set(GIVEN)) - {"u"}
    if twice:
        raise DmpnetError(f"{_all(twice)} is defined, but the layer or its synapses have that already; choose another "
                          f"name")


def _check_named(membrane: Membrane, own: set[str]) -> None:
    """Every name has a meaning, and every value a name."""
    declared = set(membrane.equations or {})
    known = own | declared | set(GIVEN) | set(KNOWN) | set(membrane.namespace)
    unknown = {name for name in membrane.names - known if not name.startswith("xi_")}
    if unknown:
        near = "".join(meant(name, known) for name in sorted(unknown)[:1])
        raise DmpnetError(f"{_all(unknown)} has no meaning{near}, but every name needs one; give it in namespace, "
                          f"beside the layer's {_all(own)}")
    for name, value in membrane.functions.items():
        if not isinstance(value, Function) and not hasattr(value, "_arg_units"):
            raise DmpnetError(f"namespace: {name} = {value!r}, but a name means a number, a quantity, an array or a "
                              f"Brian2 function; set one")
    equations = membrane.equations
    moving = {"u", *((name for name, eq in equations.items() if eq.expr is None or name in equations.diff_eq_names)
                     if equations else ())}
    stray = set(membrane.rest) - moving
    if stray:
        raise DmpnetError(f"rest: {_all(stray)} is given, but what can rest is {_all(moving)}; leave it out")
    missing = {name for name, eq in (equations or {}).items() if eq.type == PARAMETER} - {
        *membrane.namespace, *membrane.rest}
    if missing:
        raise DmpnetError(f"{_all(missing)} has no value; give it in namespace, or in rest if it is to move")


def _check_values(membrane: Membrane, n: int) -> None:
    """Values are of the units declared, one for all neurons or one a neuron."""
    for name, value in {**membrane.values, **membrane.rest}.items():
        if np.shape(value) not in ((), (n,)):
            raise DmpnetError(f"{name} has shape {np.shape(value)}, but the layer has {n} neurons; give one value, or "
                              f"one a neuron")
        equation = (membrane.equations or Equations("u : 1")).get(name.removesuffix(HELD))
        if equation is not None and equation.dim is not get_dimensions(value):
            raise DmpnetError(f"{name} = {value}, but it is declared in {equation.unit}; give it in that")
        if np.ndim(value) and equation is not None and "shared" in equation.flags:
            raise DmpnetError(f"{name} has one value a neuron, but it is declared shared; leave out (shared)")
        if np.asarray(value).dtype.kind not in "fiub" or not np.isfinite(np.asarray(value)).all():
            raise DmpnetError(f"{name} = {value}, but a constant is a finite real number; set one")


def _check_units(membrane: Membrane, own: set[str], dt: float) -> None:
    """Brian2 finds its units right and can integrate it."""
    try:
        declared = membrane.declared()
        known = _variables(membrane, declared, own, dt)
        if membrane.equations:
            for name, equation in membrane.equations.items():
                if equation.expr is not None:
                    per = second.dim if name in declared.diff_eq_names else DIMENSIONLESS
                    check_dimensions(str(equation.expr), equation.dim / per, known)
        else:
            check_dimensions(membrane.step, DIMENSIONLESS, known)
        fires = membrane.threshold is None or is_boolean_expression(membrane.threshold, known)
    except Exception as error:  # of units, names and syntax, each of its own kind
        raise DmpnetError(f"{membrane.step!r}: {line(error)}; Brian2 cannot take it so, mend it") from error
    if not fires:
        raise DmpnetError(f"threshold = {membrane.threshold!r}, but it is no condition; compare, as in 'u > 1'")
    if membrane.equations:
        _check_method(membrane, declared, known)


def _check_method(membrane: Membrane, declared: Equations, known: dict[str, Any]) -> None:
    methods = StateUpdateMethod.stateupdaters
    if not callable(membrane.method) and (not isinstance(membrane.method, str) or membrane.method not in methods):
        raise DmpnetError(one_of("method", membrane.method, [str(name) for name in methods if name]))
    try:
        StateUpdateMethod.apply_stateupdater(declared, known, membrane.method)
    except Exception as error:
        raise DmpnetError(f"method = {membrane.method!r}, but Brian2 cannot integrate {membrane.step!r} by it "
                          f"({line(error)}); set another, e.g. 'rk4' or 'euler'") from error


def _variables(membrane: Membrane, declared: Equations, own: set[str], dt: float) -> dict[str, Any]:
    """What every name of its code stands for, as Brian2 checks it."""
    found: dict[str, Any] = {name: Variable(name, dims) for name, dims in GIVEN.items()}
    found["dt"] = Constant("dt", np.array([dt]), second.dim)
    found |= {name: Variable(name) for name in own}
    found |= {name: Variable(name, second.dim**-0.5) for name in membrane.names if name.startswith("xi_")}
    found |= {name: Variable(name, equation.dim, dtype=bool if equation.var_type == "boolean" else None)
              for name, equation in declared.items()}
    for name in membrane.names - set(found):
        value = membrane.functions.get(name, KNOWN.get(name))
        if isinstance(value, int | float | np.number | Quantity):
            found[name] = Constant(name, float(value), get_dimensions(value))
        else:
            found[name] = value if isinstance(value, Function) else Function(value)
    return found


def _all(names: set[str]) -> str:
    return ", ".join(sorted(names))


# --- for the process that makes a compiled program -------------------------------------------------------------------


def described(own: Sequence[Membrane | None]) -> list[dict[str, Any] | None]:
    """Membranes as JSON; BackendError for what only this process knows."""
    return [_described(membrane, number) if membrane else None for number, membrane in enumerate(own, 1)]


def _described(membrane: Membrane, number: int) -> dict[str, Any]:
    for key, value in {"method": membrane.method if callable(membrane.method) else None, **membrane.functions}.items():
        if value is not None:
            raise BackendError(f"membrane of layer {number}: {key} is a function, but the program for cpp_standalone "
                               f"is made in another process; use 'numpy', 'cython' or network.convert on that device")

    def plain(values: dict[str, Any]) -> dict[str, Any]:
        return {name: [np.asarray(value, float).tolist(), list(get_dimensions(value)._dims)]
                for name, value in sorted(values.items())}

    numbers = {name: value for name, value in membrane.values.items() if name in membrane.namespace}
    return {"step": membrane.step, "method": membrane.method, "threshold": membrane.threshold, "reset": membrane.reset,
            "namespace": plain(numbers), "rest": plain(dict(membrane.rest))}


def read(described: Sequence[dict[str, Any] | None]) -> list[Membrane | None]:
    """The membranes that were `described`."""
    def values(plain: dict[str, Any]) -> dict[str, Any]:
        return {name: Quantity(value, get_or_create_dimension(dims)) for name, (value, dims) in plain.items()}

    return [Membrane(**entry | {key: values(entry[key]) for key in ("namespace", "rest")}) if entry else None
            for entry in described]
