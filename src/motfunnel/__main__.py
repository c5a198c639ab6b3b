"""``python -m motfunnel``: the command line."""

import sys

from motfunnel.cli import main

sys.exit(main())
