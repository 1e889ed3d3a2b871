"""The old place of dmpnet.brian.conversion; it stays for one release."""

from dmpnet.brian.conversion import COUPLINGS, Converted, activity, convert, duration, timing

__all__ = ["COUPLINGS", "Converted", "activity", "convert", "duration", "timing"]
