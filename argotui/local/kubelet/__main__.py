"""`python -m argotui.local.kubelet --dir DIR …`"""

import sys

from argotui.local.kubelet.main import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
