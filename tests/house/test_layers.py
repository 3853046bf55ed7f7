"""The walls between the rooms hold, and they would not if somebody broke through."""

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LINT = Path(sys.executable).with_name("lint-imports")
HOUSE = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]

#: a planted import, and the contract that must catch it
BREACHES = [
    ("engine/plant.py", "import records", "Calls go down only"),
    ("records/plant.py", "import forms", "Calls go down only"),
    ("signing/plant.py", "import exchange", "Calls go down only"),
    ("records/plant.py", "import engine.runtime", "Records never heard of BPMN"),
    ("records/plant.py", "import engine.expressions", "Forms and diagrams share"),
    ("processes/plant.py", "import flask", "No HTTP below the doors"),
    ("web/plant.py", "import celery", "One door to Celery"),
    ("processes/plant.py", "import SpiffWorkflow", "One door to SpiffWorkflow"),
    ("signing/plant.py", "import sqlalchemy", "Signing and exchange stand alone"),
    ("web/plant.py", "import web.other", "No cycles"),
]


def lint(directory: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [LINT, "--config", directory / "pyproject.toml", "--no-cache"],
        cwd=directory,
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_the_contracts_hold():
    done = lint(ROOT)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{len(HOUSE['contracts'])} kept, 0 broken" in done.stdout


def empty_house(directory: Path) -> None:
    """Build rooms with nothing in them under the house's own contracts."""
    text = (ROOT / "pyproject.toml").read_text("utf-8")
    (directory / "pyproject.toml").write_text(text[text.index("[tool.importlinter]") :], "utf-8")
    modules = {f"{room}.__init__" for room in HOUSE["root_packages"]}
    for contract in HOUSE["contracts"]:
        modules |= set(contract.get("protected_modules", ()))
    for module in modules:
        path = directory / (module.replace(".", "/") + ".py")
        path.parent.mkdir(exist_ok=True)
        path.touch()


def test_an_empty_house_passes(tmp_path: Path):
    empty_house(tmp_path)
    assert lint(tmp_path).returncode == 0


def test_every_contract_has_a_breach_that_proves_it():
    proved = {name for _, _, name in BREACHES}
    for contract in HOUSE["contracts"]:
        assert any(contract["name"].startswith(name) for name in proved), contract["name"]


@pytest.mark.parametrize(("file", "line", "name"), BREACHES)
def test_a_planted_breach_is_caught(tmp_path: Path, file: str, line: str, name: str):
    empty_house(tmp_path)
    (tmp_path / file).write_text(f"{line}\n")
    (tmp_path / "web/other.py").write_text("import web.plant\n" if "web.other" in line else "")
    done = lint(tmp_path)
    assert done.returncode == 1, done.stdout + done.stderr
    broken = [row for row in done.stdout.splitlines() if row.endswith(" BROKEN")]
    assert any(row.startswith(name) for row in broken), done.stdout
