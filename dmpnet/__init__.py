"""Dual-memory-pathway spiking networks in Brian2, spike for spike as they were trained."""

from typing import Any

__version__ = "0.1.0"
__all__ = ["fast_slow_layer"]


def __getattr__(name: str) -> Any:
    """What takes Brian2 is imported when it is asked for."""
    if name == "fast_slow_layer":
        from dmpnet.brian.fast_slow import fast_slow_layer

        return fast_slow_layer
    raise AttributeError(f"module 'dmpnet' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
