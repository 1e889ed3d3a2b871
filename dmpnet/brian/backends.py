"""The Brian2 back ends, and whether this machine can use one: known without importing Brian2, so before any work."""

import importlib.util
import os
import shutil
from numbers import Integral
from pathlib import Path

from dmpnet.errors import BackendError, DmpnetError, one_of

BACKENDS = ("numpy", "cython", "cpp_standalone")
GENN = "genn"
"""Brian2GeNN, on which trained networks run, but nothing learns."""
MAKE, TWO_AT_ONCE = "devices.cpp_standalone.extra_make_args_unix", ["-j2"]
"""A Brian2 preference and ours: its own, -j, starts a compiler for every file at once, hundreds in a large model."""


def check_backend(backend: str, processes: int = 1, genn: bool = False) -> None:
    """Raise BackendError unless the back end is known, its compiler is there and it can run `processes` at once.

    genn : whether GeNN is one of those that will do
    """
    if backend not in (known := (*BACKENDS, *[GENN] * genn)):
        raise BackendError(one_of("backend", backend, known))
    if backend == GENN:
        _check_genn()
    if backend == "cython" and importlib.util.find_spec("Cython") is None:
        raise BackendError("backend = 'cython', but Cython is not installed; pip install cython, or use 'numpy'")
    compiler = os.environ.get("CXX") or "g++"
    if backend != "numpy" and os.name != "nt" and shutil.which(compiler.split()[0]) is None:
        raise BackendError(f"backend = {backend!r} needs a C++ compiler, but {compiler!r} is not found; install one, "
                           f"set CXX, or use 'numpy'")
    if backend in ("cpp_standalone", GENN) and os.name != "nt" and shutil.which("make") is None:
        raise BackendError(f"backend = {backend!r} needs make, but it is not found; install it, or use 'numpy'")
    if not (isinstance(processes, Integral) and processes >= 1):
        raise DmpnetError(f"processes = {processes!r}, but at least one is needed; set processes >= 1")
    if processes > 1 and backend != "cpp_standalone":
        raise BackendError(f"processes = {processes}, but {backend!r} runs in this one; use processes=1, "
                           f"or backend='cpp_standalone'")


def _check_genn() -> None:
    """Raise BackendError that names what GeNN lacks here."""
    if importlib.util.find_spec("brian2genn") is None:
        raise BackendError("backend = 'genn' needs Brian2GeNN, but brian2genn is not installed; pip install "
                           "'dmpnet[genn]' where Brian2 is 2.5.4, or use 'numpy'")
    build = "genn-buildmodel" + (".bat" if os.name == "nt" else ".sh")
    path = os.environ.get("GENN_PATH")
    if not path:
        raise BackendError(f"backend = 'genn' needs GeNN 4.9, but GENN_PATH is not set; set it to the folder that has "
                           f"bin/{build}, or use 'numpy'")
    if not (Path(path) / "bin" / build).is_file():
        raise BackendError(f"backend = 'genn': GENN_PATH = {path}, but there is no bin/{build} in it; set it to the "
                           f"folder of GeNN 4.9, or use 'numpy'")
