"""`python -m argotui.local.apiserver --dir DIR`"""

import sys

from argotui.local.apiserver import main

sys.exit(main())
