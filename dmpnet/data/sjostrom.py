"""Weight changes of cortical synapses against the frequency of pairs, as they were measured."""

SJOSTROM = {  # Hz: dw and s.e.m. at dt = +10 ms, dw and s.e.m. at dt = -10 ms
    0.1: (-0.04, 0.05, -0.29, 0.08),
    10.0: (0.14, 0.10, -0.41, 0.11),
    20.0: (0.29, 0.14, -0.34, 0.10),
    40.0: (0.53, 0.11, 0.56, 0.32),
    50.0: (0.56, 0.26, 0.75, 0.19),
}
"""Visual cortex, Sjostrom, Turrigiano & Nelson 2001 (Neuron 32, 1149), as Pfister & Gerstner 2006 fitted them."""
