"""`python -m hub` is the command line."""

import sys

from hub_script import main

if __name__ == "__main__":
    sys.exit(main())
