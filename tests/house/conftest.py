"""The tests of the house read the repository through `house_files`, which lies beside them."""

import sys
from importlib import util
from pathlib import Path

_spec = util.spec_from_file_location("house_files", Path(__file__).with_name("house_files.py"))
assert _spec is not None
assert _spec.loader is not None
_module = util.module_from_spec(_spec)
sys.modules["house_files"] = _module
_spec.loader.exec_module(_module)
