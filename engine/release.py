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


@cache
def engine_name() -> str:
    """Return which engine runs procedures here: ours, with the library of its token semantics."""
    return f"congvan {release()}, SpiffWorkflow {version('SpiffWorkflow')}"
