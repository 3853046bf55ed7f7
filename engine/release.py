"""The version of this installation (phiên bản)."""

from functools import cache
from importlib.metadata import PackageNotFoundError, version


@cache
def release() -> str:
    """Return the version of the product; a checkout that was never installed has none."""
    try:
        return version("congvan")
    except PackageNotFoundError:
        return "0+source"
