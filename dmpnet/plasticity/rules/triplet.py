"""The triplet rule of Pfister & Gerstner 2006: two traces a neuron, so that the change depends on frequency too.

    pre spike :  w -= o1 (A2_minus + A3_minus r2)        r1: tau_plus, r2: tau_x, of the presynaptic neuron
    post spike:  w += r1 (A2_plus + A3_plus o2)          o1: tau_minus, o2: tau_y, of the postsynaptic neuron

All traces as they were just before the spike; then all-to-all: trace += 1; nearest spike: trace = 1. The parameters are
fits, a row of Table 3 (visual cortex, Sjostrom et al. 2001) or Table 4 (hippocampal culture, Wang et al. 2005) each:
amplitudes, slow time constants and scheme belong together. w is in units of the weight before the protocol.
"""

from typing import Any

from brian2 import ms

from dmpnet.plasticity.rule import OURS, Parameter, Rule, bounds

PAPER = "Pfister & Gerstner 2006, J. Neurosci. 26, 9673"

FITS = {  # A2_plus, A3_plus, A2_minus, A3_minus in 1e-3; tau_x, tau_y in ms; tau_x does nothing where A3_minus = 0
    ("visual", "full", "all-to-all"): (5e-7, 6.2, 7.0, 0.23, 101, 125),
    ("visual", "minimal", "all-to-all"): (0.0, 6.5, 7.1, 0.0, 101, 114),
    ("visual", "full", "nearest"): (8.8e-8, 53.0, 6.6, 3.1, 714, 40),
    ("visual", "minimal", "nearest"): (0.0, 50.0, 8.0, 0.0, 714, 40),
    ("hippocampal", "full", "all-to-all"): (6.1, 6.7, 1.6, 1.4, 946, 27),
    ("hippocampal", "minimal", "all-to-all"): (5.3, 8.0, 3.5, 0.0, 946, 40),
    ("hippocampal", "full", "nearest"): (4.6, 9.1, 3.0, 7.5e-6, 575, 47),
    ("hippocampal", "minimal", "nearest"): (4.6, 9.1, 3.0, 0.0, 575, 48),
}
UNCHECKED = {("visual", "minimal", "nearest"), ("hippocampal", "minimal", "nearest")}
"""Rows from memory; the others agree with public copies of the tables."""
TABLES = {"visual": "Table 3", "hippocampal": "Table 4"}
MEANINGS = {"A2_plus": "potentiation by pairs", "A3_plus": "potentiation by post-pre-post triplets",
            "A2_minus": "depression by pairs", "A3_minus": "depression by pre-post-pre triplets"}

EQUATIONS: dict[str, Any] = {
    "pre_equations": "dr1/dt = -r1/tau_plus : 1\ndr2/dt = -r2/tau_x : 1",
    "post_equations": "do1/dt = -o1/tau_minus : 1\ndo2/dt = -o2/tau_y : 1",
    "on_pre": "w = clip(w - o1_post*(A2_minus + A3_minus*r2_pre), w_min, w_max)",
    "on_post": "w = clip(w + r1_pre*(A2_plus + A3_plus*o2_post), w_min, w_max)",
}
RESETS: dict[str, dict[str, Any]] = {
    "all-to-all": {"pre_reset": "r1 += 1\nr2 += 1", "post_reset": "o1 += 1\no2 += 1"},
    "nearest": {"pre_reset": "r1 = 1\nr2 = 1", "post_reset": "o1 = 1\no2 = 1"},
}


def _rule(tissue: str, model: str, scheme: str) -> Rule:
    """The rule of one row."""
    source = f"{PAPER}, {TABLES[tissue]}, {scheme}, {model}"
    source += "; from memory, no copy to check against" if (tissue, model, scheme) in UNCHECKED else ""
    *amplitudes, tau_x, tau_y = FITS[tissue, model, scheme]
    parameters = {symbol: Parameter(value * 1e-3, meaning, source, low=0)
                  for (symbol, meaning), value in zip(MEANINGS.items(), amplitudes, strict=True)}
    slow = f"{source}; without effect, blank there" if model == "minimal" else source
    parameters |= {
        "tau_plus": Parameter(16.8 * ms, "decay of r1", f"{PAPER}, after Bi & Poo 2001"),
        "tau_minus": Parameter(33.7 * ms, "decay of o1", f"{PAPER}, after Bi & Poo 2001"),
        "tau_x": Parameter(tau_x * ms, "decay of r2", slow),
        "tau_y": Parameter(tau_y * ms, "decay of o2", source),
    } | bounds(0.0, 2.0, f"{OURS}: the fits have none and stay within")
    suffix = "-nearest" if scheme == "nearest" else ""
    return Rule(f"triplet-{tissue}-{model}{suffix}", f"{tissue}, {model} model, {scheme}", source, parameters,
                **EQUATIONS, **RESETS[scheme], repeated=True, law="triplet")


RULES = tuple(_rule(*key) for key in FITS)
