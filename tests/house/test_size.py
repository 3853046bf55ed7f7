"""Modules and functions stay short enough to be read."""

import ast
from pathlib import Path

import house_files

LONGEST_MODULE = 350
LONGEST_FUNCTION = 40
#: what may be longer, and why; a list that grows is a warning
LONG_MODULES: dict[str, str] = {}
LONG_FUNCTIONS: dict[str, str] = {}


def rooms() -> list[Path]:
    beside = {"alembic", "benchmarks", "tests", "tools"}
    return [p for p in house_files.code() if p.parts[0] not in beside]


def length(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines of a function without its docstring."""
    lines = (node.end_lineno or 0) - node.lineno + 1
    first = node.body[0]
    if ast.get_docstring(node) is not None:
        lines -= (first.end_lineno or 0) - first.lineno + 1
    return lines


def long_functions(path: str, source: str) -> list[str]:
    return [
        f"{path}:{node.name}"
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and length(node) > LONGEST_FUNCTION
    ]


def test_modules_are_short():
    found = {
        str(p): lines
        for p in rooms()
        if (lines := len((house_files.ROOT / p).read_text("utf-8").splitlines())) > LONGEST_MODULE
    }
    assert not {p: n for p, n in found.items() if p not in LONG_MODULES}
    assert set(LONG_MODULES) <= set(found), "these are short now: take them off the list"


def test_functions_are_short():
    found = {
        name
        for p in rooms()
        for name in long_functions(str(p), (house_files.ROOT / p).read_text("utf-8"))
    }
    assert not found - set(LONG_FUNCTIONS)
    assert set(LONG_FUNCTIONS) <= found, "these are short now: take them off the list"


def test_a_long_function_is_found():
    body = "\n".join(f"    x{n} = {n}" for n in range(LONGEST_FUNCTION + 1))
    assert long_functions("x.py", f"def long():\n{body}\n") == ["x.py:long"]
    assert long_functions("x.py", f'def short():\n    """{body}"""\n') == []


def test_every_exception_says_why():
    assert all(reason.strip() for reason in (LONG_MODULES | LONG_FUNCTIONS).values())
