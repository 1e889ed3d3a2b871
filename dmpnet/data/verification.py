"""Is a file the one the catalogue names?"""

import warnings
from pathlib import Path

from dmpnet.data.catalogue import DATASETS
from dmpnet.disk.files import digest
from dmpnet.errors import DataWarning


def verified(name: str, split: str, path: Path, n: int) -> bool | None:
    """True by its checksum, False (and a warning) if it is another file, None where no checksum tells.

    n : samples of `split` found in it
    """
    official = next((file.md5 for file in DATASETS[name].files[split] if file.name == path.name), "")
    expected = DATASETS[name].samples[split]
    found = digest(path, "md5") if official else ""
    if n != expected or found != official:
        other = f"it holds {n}" if n != expected else f"its md5 is {found}, not {official}"
        warnings.warn(f"{path}: sound, but not the {name} {split} file of {expected} recordings ({other}); results on "
                      f"it are not results on {name}", DataWarning, stacklevel=2)
        return False
    return True if official else None
