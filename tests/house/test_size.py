"""Modules and functions stay short enough to be read."""

import ast
from pathlib import Path

import house_files
import pytest

#: «about 350» and «about 40» lines: few are longer, none beyond the walls
SHORT_MODULE, LONGEST_MODULE = 350, 400
SHORT_FUNCTION, LONGEST_FUNCTION = 40, 50
#: of a hundred, how many may be longer than short
FEW = 4
#: what stands beyond the walls, and why; a list that grows is a warning
LONG_MODULES: dict[str, str] = {
    "engine/transaction.py": "loading, tracking and writing one command share private state",
}
LONG_FUNCTIONS: dict[str, str] = {
    "web/document.py:_documents": "one dictionary that a template reads: a list of names and values",
    "web/replay.py:_replay": "one dictionary that a template reads: a list of names and values",
}


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


def functions(path: str, source: str) -> dict[str, int]:
    return {
        f"{path}:{node.name}": length(node)
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }


def sources() -> dict[str, str]:
    return {str(p): (house_files.ROOT / p).read_text("utf-8") for p in rooms()}


def check(lengths: dict[str, int], short: int, longest: int, allowed: dict[str, str]) -> None:
    beyond = {name for name, lines in lengths.items() if lines > longest}
    assert not {n: lengths[n] for n in beyond - set(allowed)}, (
        f"over {longest} lines: split by noun"
    )
    assert set(allowed) <= beyond, "these are short now: take them off the list"
    long = {name: lines for name, lines in lengths.items() if lines > short}
    assert len(long) * 100 <= len(lengths) * FEW, f"too many over {short} lines: {long}"


def test_modules_are_short():
    lengths = {path: len(source.splitlines()) for path, source in sources().items()}
    check(lengths, SHORT_MODULE, LONGEST_MODULE, LONG_MODULES)


def test_functions_are_short():
    lengths = {
        n: lines for path, text in sources().items() for n, lines in functions(path, text).items()
    }
    check(lengths, SHORT_FUNCTION, LONGEST_FUNCTION, LONG_FUNCTIONS)


def test_a_long_function_is_found():
    body = "\n".join(f"    x{n} = {n}" for n in range(LONGEST_FUNCTION))
    assert functions("x.py", f"def long():\n{body}\n") == {"x.py:long": LONGEST_FUNCTION + 1}
    assert functions("x.py", f'def short():\n    """{body}"""\n') == {"x.py:short": 1}
    with pytest.raises(AssertionError, match="split by noun"):
        check({"a": 51}, 40, 50, {})
    with pytest.raises(AssertionError, match="too many"):
        check({"a": 45, "b": 3}, 40, 50, {})
    with pytest.raises(AssertionError, match="take them off"):
        check({"a": 3}, 40, 50, {"a": "because"})


def test_every_exception_says_why():
    assert all(len(reason.split()) > 3 for reason in (LONG_MODULES | LONG_FUNCTIONS).values())
