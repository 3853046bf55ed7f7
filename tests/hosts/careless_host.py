"""The negative control: `congvan` that does not look whether a sending came before."""

import sys

from office.cli import main
from processes.delivery import arrivals

arrivals.came_before = lambda _tx, _packet: None

if __name__ == "__main__":
    sys.exit(main())
