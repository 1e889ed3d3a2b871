"""Dual-memory-pathway spiking networks in Brian2, spike for spike as they were trained."""

__version__ = "0.1.0"
