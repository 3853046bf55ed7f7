"""A fault point kills exactly one process, once, and only where a test armed it."""

import os
import signal
import subprocess
import sys
from pathlib import Path

from engine.faultpoint import Point

ROOT = Path(__file__).parents[2]
PROGRAM = "from engine.faultpoint import Point, reach; reach(Point.SEND_COMPOSED); print('lives')"


def run(folder: Path | None) -> subprocess.CompletedProcess[str]:
    environment = {k: v for k, v in os.environ.items() if k != "CONGVAN_FAULT_POINTS"}
    environment["PYTHONPATH"] = f"{ROOT}:{os.environ.get('PYTHONPATH', '')}"
    if folder is not None:
        environment["CONGVAN_FAULT_POINTS"] = str(folder)
    program = [sys.executable, "-c", PROGRAM]
    return subprocess.run(program, env=environment, capture_output=True, text=True, check=False)


def test_one_file_is_one_death(tmp_path: Path):
    (tmp_path / Point.SEND_COMPOSED).touch()
    (tmp_path / Point.SEND_NOTING).touch()
    assert run(None).stdout == "lives\n"  # nobody is told of the folder
    assert run(tmp_path).returncode == -signal.SIGKILL
    assert run(tmp_path).stdout == "lives\n"
    assert [one.name for one in tmp_path.iterdir()] == [Point.SEND_NOTING]


def test_every_point_stands_in_the_code_once():
    code = [p.read_text() for room in ("processes", "api") for p in (ROOT / room).rglob("*.py")]
    for point in Point:
        assert sum(text.count(f"Point.{point.name}") for text in code) == 1, point


def test_contributors_find_every_point():
    guide = (ROOT / "CONTRIBUTING.md").read_text()
    assert [point for point in Point if f"`{point}`" not in guide] == []
