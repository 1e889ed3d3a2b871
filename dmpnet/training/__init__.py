"""Training of dual-memory-pathway networks: with dmpnet.torch the only folder that imports PyTorch (extra `train`)."""

from dmpnet.errors import DmpnetError

try:
    import numba  # noqa: F401
    import torch  # noqa: F401
except ImportError as error:
    raise DmpnetError(
        f"training: {error.name} is not installed, but the trainer needs PyTorch and Numba; "
        f"run: pip install torch --index-url <CPU wheels of pytorch.org>, then pip install '.[train]' in a clone"
    ) from error
