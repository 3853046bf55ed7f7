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
    """Return which engine runs procedures here: ours, its format of states, the library it uses.

    Another one may leave other bytes for the same command, which proves nothing.
    """
    from engine.state import FORMAT  # commands that run no procedure do without the engine

    return f"congvan {release()}, state {FORMAT}, SpiffWorkflow {version('SpiffWorkflow')}"
