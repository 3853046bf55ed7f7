"""The process behind `sandbox.validate_limited`: `python -m signing.validate_child`."""

import logging
import sys

from signing.sandbox import answer


def main() -> None:
    """Answer one request from standard input, about a file that is open, on standard output."""
    # what readers say about a hostile file belongs into the report, not into a log
    logging.disable(logging.CRITICAL)
    sys.stdout.write(answer(sys.stdin.buffer.read(), int(sys.argv[1])))


if __name__ == "__main__":
    main()
