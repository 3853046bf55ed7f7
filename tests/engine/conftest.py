"""The tests of the engine draw their diagrams with `bpmn_drawing`, which lies beside them."""

import sys
from importlib import util
from pathlib import Path


def _lend(name: str) -> None:
    """Make a module of this folder importable: in importlib mode pytest leaves `sys.path` alone."""
    spec = util.spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
    assert spec is not None
    assert spec.loader is not None
    module = util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)


_lend("bpmn_drawing")
_lend("token_runs")
_lend("single_statements")
_lend("plain_office")
