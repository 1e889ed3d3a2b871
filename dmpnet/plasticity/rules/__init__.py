"""STDP rules, one a file: equations, parameters with units, source."""
