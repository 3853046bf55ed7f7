"""Everything has its place, and nobody else owns our names."""

import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import alembic
import house_files

ROOT = Path(__file__).parents[2]
SETTINGS = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))

ROOMS = {"engine", "records", "forms", "processes", "signing", "exchange", "api", "web", "office"}
BESIDE = {"alembic", "benchmarks", "docs", "requirements", "tests", "tools", ".ci"}


def test_every_folder_is_placed():
    found = {p.parts[0] for p in house_files.tracked() if len(p.parts) > 1}
    assert found == ROOMS | BESIDE


def test_every_room_is_walled_typed_shipped_and_sorted():
    tool = SETTINGS["tool"]
    assert set(tool["importlinter"]["root_packages"]) == ROOMS
    layers = tool["importlinter"]["contracts"][0]["layers"]
    assert {room for layer in layers for room in layer.split(" | ")} == ROOMS
    assert set(tool["mypy"]["packages"]) == ROOMS
    assert set(tool["hatch"]["build"]["targets"]["wheel"]["packages"]) == ROOMS
    assert set(tool["ruff"]["lint"]["isort"]["known-first-party"]) == ROOMS


def test_migrations_and_tests_are_no_packages():
    """An `__init__.py` in alembic/ would shadow the library, one in tests/ would make it a room."""
    packages = {p.parts[0] for p in house_files.tracked() if p.name == "__init__.py"}
    assert ROOMS <= packages <= ROOMS | {"benchmarks"}
    assert not Path(alembic.__file__).is_relative_to(ROOT / "alembic")


def test_nobody_else_owns_the_name_of_a_room():
    owners = packages_distributions()
    for room in ROOMS:
        assert set(owners.get(room, ())) <= {"congvan"}, room
    assert set(owners["alembic"]) == {"alembic"}


def test_test_files_have_names_of_their_own():
    names = [p.name for p in house_files.tracked() if p.name.startswith("test_")]
    assert sorted(names) == sorted(set(names))


def test_no_module_is_a_drawer_for_everything():
    drawers = {"utils", "util", "helpers", "common", "misc", "manager", "service", "services"}
    assert not [p for p in house_files.code() if p.stem in drawers or drawers & set(p.parts)]


def test_importing_all_modules_does_nothing(tmp_path: Path):
    modules = [
        ".".join(p.with_suffix("").parts).removesuffix(".__init__")
        for p in house_files.code()
        if p.parts[0] in ROOMS and p.stem != "__main__"
    ]
    assert len(modules) > 100
    program = (
        "import importlib, os, sys, threading\n"
        f"for name in {modules!r}: importlib.import_module(name)\n"
        "assert threading.active_count() == 1, threading.enumerate()\n"
        "files = [os.readlink(f'/proc/self/fd/{n}') for n in os.listdir('/proc/self/fd')\n"
        "         if os.path.exists(f'/proc/self/fd/{n}')]\n"
        "assert not [f for f in files if f.startswith('socket:')], files\n"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program],
        cwd=tmp_path,
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout + done.stderr == ""
    assert not list(tmp_path.iterdir())
