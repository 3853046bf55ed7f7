"""`congvan lint-process` starts quickly: it loads what checks a diagram and nothing else."""

import os
import subprocess
import sys
from importlib.resources import files
from pathlib import Path

import pytest
from click.testing import CliRunner

from office.cli import main

DATA = Path(__file__).parents[1] / "data" / "foreign"
FOREIGN = sorted(p for p in DATA.glob("*.bpmn") if p.stem != "choreography")
#: signatures, pages, PDF and the broker: a second of every start
HEAVY = {"pyhanko", "pyhanko_certvalidator", "aiohttp", "flask", "celery", "pypdfium2"}
PROGRAM = """
import sys
from office.cli import main
main(sys.argv[1:], standalone_mode=False)
print("loaded:", *{name.partition(".")[0] for name in sys.modules})
"""


def loaded(*words: str) -> set[str]:
    """Run a command in a process of its own; return what it loaded."""
    ran = subprocess.run(
        [sys.executable, "-c", PROGRAM, *words], capture_output=True, text=True, check=True
    )
    return set(ran.stdout.rpartition("loaded:")[2].split())


def test_a_diagram_is_checked_without_what_signs_and_serves() -> None:
    found = loaded("lint-process", str(files("processes.outgoing") / "outgoing.bpmn"))
    assert {"SpiffWorkflow", "processes"} <= found
    assert not found & HEAVY


@pytest.mark.parametrize("path", FOREIGN, ids=lambda p: p.stem)
def test_what_other_tools_draw_could_run(path: Path) -> None:
    told = CliRunner().invoke(main, ["lint-process", str(path)])
    assert told.exit_code == 0, told.output
    assert "Sơ đồ chạy được" in told.output


def test_a_file_without_a_process_could_not() -> None:
    """The negative control."""
    told = CliRunner().invoke(main, ["lint-process", str(DATA / "choreography.bpmn")])
    assert told.exit_code == 1
    assert "không có quy trình" in told.output


def test_who_serves_has_what_signs_before_the_first_request(
    database_url: str, tmp_path: Path
) -> None:
    """The control: nobody's first signature waits a second for a library."""
    program = """
import sys
from office import settings
from office.office import Office
Office.open(settings.load())
print(*sys.modules)
"""
    ran = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "DATABASE_URL": database_url, "CONGVAN_DATA": str(tmp_path)},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert {"pyhanko.sign.signers", "processes.outgoing.sign", "flask"} <= set(ran.stdout.split())
