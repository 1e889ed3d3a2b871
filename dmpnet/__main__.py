"""`python -m dmpnet` is the command `dmpnet`, for where scripts are not on the path."""

import sys

from dmpnet.cli import main

if __name__ == "__main__":
    sys.exit(main())
