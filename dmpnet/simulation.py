"""The old place of dmpnet.brian.simulation; it stays for one release."""

from dmpnet.brian.simulation import prepare, simulate

__all__ = ["prepare", "simulate"]
