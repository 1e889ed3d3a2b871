"""The Brian2 back ends, and whether this machine can use one: known without importing Brian2, so before any work."""

import importlib.util
import os
import shutil

from dmpnet.errors import BackendError, DmpnetError, one_of

BACKENDS = ("numpy", "cython", "cpp_standalone")
MAKE, TWO_AT_ONCE = "devices.cpp_standalone.extra_make_args_unix", ["-j2"]
"""A Brian2 preference and ours: its own, -j, starts a compiler for every file at once, hundreds in a large model."""


def check_backend(backend: str, processes: int = 1) -> None:
    """Raise BackendError unless the back end is known, its compiler is there and it can run `processes` at once."""
    if backend not in BACKENDS:
        raise BackendError(one_of("backend", backend, BACKENDS))
    if backend == "cython" and importlib.util.find_spec("Cython") is None:
        raise BackendError("backend = 'cython', but Cython is not installed; pip install cython, or use 'numpy'")
    compiler = os.environ.get("CXX") or "g++"
    if backend != "numpy" and os.name != "nt" and shutil.which(compiler.split()[0]) is None:
        raise BackendError(f"backend = {backend!r} needs a C++ compiler, but {compiler!r} is not found; install one, "
                           f"set CXX, or use 'numpy'")
    if backend == "cpp_standalone" and os.name != "nt" and shutil.which("make") is None:
        raise BackendError("backend = 'cpp_standalone' needs make, but it is not found; install it, or use 'numpy'")
    if processes < 1:
        raise DmpnetError(f"processes = {processes}, but at least one is needed; set processes >= 1")
    if processes > 1 and backend != "cpp_standalone":
        raise BackendError(f"processes = {processes}, but {backend!r} runs in this one; use processes=1, "
                           f"or backend='cpp_standalone'")
