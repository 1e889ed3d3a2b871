"""The limits of every chip but its banks, each a function that says what a core needs of it.

Their numbers are fields of dmpnet.hardware.parts, as cycles, formats and notes compute with them by name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dmpnet.hardware.limit import Core, Need

if TYPE_CHECKING:
    from dmpnet.hardware.parts import Chip


def neurons(core: Core, chip: Chip) -> Need:
    """N neurons a core."""
    most = chip.limits.neurons
    return Need("neurons", core.number, "neurons", core.N, most,
                f"train with at most {most}, or take a chip with limits.neurons = {core.N}")


def slots(core: Core, chip: Chip) -> Need:
    """d within the slots; computed in blocks of them, any d."""
    most = chip.limits.slots
    return Need("slots", core.number, "dimensions of slow memory", core.d, core.D if core.blocks and core.d else most,
                f"train with d at most {most}, or compute it in {-(-core.d // most)} blocks of {most} (--blocks)")


def fan_in(core: Core, chip: Chip) -> Need:
    """M inputs, with W_r the layer's own N neurons too."""
    most, used = chip.limits.fan_in, core.M + core.N * core.recurrent
    own = f" ({core.N} of them its own neurons)" if core.recurrent else ""
    return Need("fan-in", core.number, f"inputs{own}", used, most,
                f"train with at most {most}, or take a chip with limits.fan_in = {used}")


def spikes(core: Core, chip: Chip) -> Need | None:
    """Input spikes in the busiest step; None where they are not known, or more are no limit (dmpnet.hardware.queue).

    Of a graph, and of a recurrent layer, none is dropped: a chip that would refuses them.
    """
    if core.spikes is None or chip.datapath.queue == "passes" or (
            chip.datapath.queue == "drop" and isinstance(core.number, int) and not core.recurrent):
        return None
    most = chip.limits.spikes
    return Need("input spikes", core.number, "input spikes in a step", core.spikes, most,
                f"train for sparser activity or with shorter steps, or take a chip with limits.spikes = {core.spikes}, "
                f"or one that fills its queue again (datapath.queue = passes)")


def decay(core: Core, chip: Chip) -> Need:
    """Kind of leak."""
    kinds = chip.datapath.decay
    return Need("decay", core.number, "decay", core.neuron.decay, kinds,
                f"train with {' or '.join(kinds)} decay, or swap it in the trained network (dmpnet.trained.swap)")


def reset(core: Core, chip: Chip) -> Need:
    """Kind of reset."""
    kinds = chip.datapath.resets
    return Need("reset", core.number, "reset", core.neuron.reset, kinds, f"train with {' or '.join(kinds)} reset")


def floor(core: Core, chip: Chip) -> Need:
    """Membranes that stop above the end of their word."""
    kinds = ("none", "any") if chip.datapath.floor else ("none",)
    asked = "none" if core.neuron.floor is None else "any"
    return Need("floor", core.number, "floor of the membranes", asked, kinds,
                "take a chip with datapath.floor = true, or a network without (dmpnet.trained.swap.floored)")


def acts(core: Core, chip: Chip) -> Need:
    """A core adds what the slow memory says to the current; no chip here does anything else."""
    return Need("acts", core.number, "slow memory acting on the", core.acts, ("current",),
                "train with acts = 'current'")


def delays(core: Core, chip: Chip) -> Need:
    """No chip here has axonal delays."""
    return Need("delays", core.number, "steps of axonal delay", core.delay, 0, "train without delays")


def adaptation(core: Core, chip: Chip) -> Need | None:
    """No chip here has neurons that adapt."""
    if not core.adapts:
        return None
    return Need("adaptation", core.number, "adaptation", "any", ("none",), "train without adaptation")


def betas(core: Core, chip: Chip) -> Need | None:
    """A layer of any chip here decays by one constant."""
    if not core.betas:
        return None
    return Need("betas", core.number, "beta", "one a neuron", ("one a layer",), "train without each_decay")


def modes(core: Core, chip: Chip) -> Need | None:
    """No chip here has neurons of several numbers, or of complex ones."""
    if not core.modes:
        return None
    return Need("modes", core.number, "modes", "any", ("none",), "train without modes")


RULES = (neurons, slots, fan_in, spikes, decay, reset, floor, acts, adaptation, betas, modes, delays)


def cores(used: int, chip: Chip) -> Need:
    """One of `used` layers a core."""
    most = chip.limits.cores
    return Need("cores", None, "layers", used, most,
                f"train with at most {most}, or take a chip with limits.cores = {used}")
