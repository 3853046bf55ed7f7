"""The rules that the tests themselves run under."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("marker", "ci", "code"),
    [("browser", "true", 1), ("token", "true", 1), ("browser", "", 0), ("soffice", "true", 0)],
)
def test_ci_may_not_skip_browser_and_token(tmp_path: Path, marker: str, ci: str, code: int):
    (tmp_path / "test_one.py").write_text(
        f"import pytest\n\n\n@pytest.mark.{marker}\ndef test_one():\n    pytest.skip('not here')\n"
    )
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-q", "-p", "conftest", "-p", "no:cacheprovider"),
            *("-c", ROOT / "pyproject.toml", "--rootdir", tmp_path, "-o", "pythonpath="),
            tmp_path,
        ],
        env={
            **{k: v for k, v in os.environ.items() if not k.startswith("PYTEST")},
            "CI": ci,
            "PYTHONPATH": f"{ROOT}:{ROOT / 'tests'}",
        },
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == code, done.stdout + done.stderr
    assert ("1 failed" if code else "1 skipped") in done.stdout


def test_the_make_file_names_no_machine():
    for name in ("Makefile", ".ci/run", "tools/make-venv", "tools/prepare-machine"):
        text = (ROOT / name).read_text()
        assert "http" not in text
        assert "/root" not in text
        assert "index-url" not in text


def test_ci_runs_the_checks_the_tests_and_three_hosts_and_nothing_else():
    lines = (ROOT / ".ci/run").read_text().splitlines()
    commands = [line for line in lines if line and not line.startswith(("#", "set ", "cd "))]
    assert commands == ["make check", "make test", "make hosts DOCUMENTS=24 FAULTS=0"]
