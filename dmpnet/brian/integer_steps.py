"""A step in integers as Brian2 lines, after the arithmetic told in dmpnet.arithmetic.fixed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from brian2 import Function

from dmpnet.arithmetic import lfsr
from dmpnet.brian import products
from dmpnet.brian.rounding import WHOLE, carried
from dmpnet.equations.decay import BY_NAME, FLOORED

if TYPE_CHECKING:
    from dmpnet.arithmetic.fixed import Fixed


def kept(fixed: Fixed, number: int, decay: str) -> str:
    """Brian2 expression of what is left of u after one step."""
    code = BY_NAME[decay].kept_whole
    assert code is not None  # by Layer.check
    return code(lambda text: fixed.u.rounded(text, f"u_{number}"))


def rectify(fixed: Fixed, number: int, total: str = "x_in + b_x") -> str:
    """Brian2 lines that take x from `total` in layer `number`."""
    return (f"a = {fixed.I.held(total)}\n"
            f"a = {fixed.x.shifted('a*int(a > 0)', fixed.shift_x, f'x_{number}')}\n"
            f"x = {fixed.x.held('a')}*int(k >= 0 and k < T)")


def remember(fixed: Fixed, number: int) -> str:
    """Brian2 lines that take m from m_kept and m_new."""
    a = f"{_aligned(fixed, 'm_kept', 'shift_m')} + {_aligned(fixed, 'm_new', 'shift_B')}"
    return f"a = {fixed.m.rounded(a, f'm_{number}')}\nm = {fixed.m.held('a')}"


def looked_up(fixed: Fixed, lookahead: bool) -> str:
    """Brian2 expression of I_m from I_new, and I_x where the chip breaks the dependency; it may have a fraction."""
    seen = _aligned(fixed, "I_new", "shift_I")
    return f"({seen} + {_aligned(fixed, 'I_x', 'shift_nu')})" if lookahead else seen


def _aligned(fixed: Fixed, total: str, shift: str) -> str:
    """Brian2 expression of what an accumulator holds of `total` over 2^shift."""
    return f"{fixed.I.held(total)}*{2.0 ** -getattr(fixed, shift)!r}"


def integrate(fixed: Fixed, number: int, decay: str, reset: str, recurrent: bool, slow: bool) -> str:
    """Brian2 lines that take u and s from the currents I_f, I_r, I_m and b."""
    lines = [f"a = {fixed.I.held('I_f + I_r' if recurrent else 'I_f')}",
             *_current(fixed, fixed.u.shifted("a", fixed.shift_f, f"u_{number}")),
             f"v = {kept(fixed, number, decay)} + a + b"]
    if slow:
        lines += [*_current(fixed, fixed.u.rounded("I_m", f"u_{number}")), "v = v + a"]
    lines.append("v = v*int(k >= 0 and k < T)")
    left, held, fires = "v*(1 - s)" if reset == "hard" else "v - theta_u*s", fixed.u.held("v"), "s = int(v >= theta_u)"
    before = fixed.saturates == "before"
    floored = [FLOORED.format("v")] if fixed.floor is not None else []
    lines += [f"v = {held}"] * before + floored
    return "\n".join([*lines, fires, *([f"u = {left}"] if before else [f"v = {left}", f"u = {held}"])])


def _current(fixed: Fixed, rounded: str) -> tuple[str, ...]:
    """Brian2 lines that take a, what is added to the membrane, from what is left of an accumulator."""
    return (f"a = {rounded}", *([f"a = {fixed.u.held('a')}"] if fixed.currents == "each" else []))


def functions(fixed: Fixed, number: int, quantity: str, units: int, steps: int) -> dict[str, Function]:
    """What the lines of `quantity`, of so many units, call: rounding, and the noise of the register."""
    if fixed.words[quantity].rounding == "carried":
        symbol = f"carried_{quantity}_{number}"
        return WHOLE | {symbol: carried(symbol, units)}
    if quantity not in fixed.noisy:
        return dict(WHOLE)
    symbol = f"noise_{quantity}_{number}"
    noise = lfsr.noise(steps, units, quantity, fixed.seed) / 2.0**lfsr.BITS
    return WHOLE | {symbol: products.Table(symbol, noise).function()}
