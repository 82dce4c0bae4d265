"""`python -m argotui.controller`."""

import sys

from argotui.controller import main

sys.exit(main(sys.argv[1:]))
