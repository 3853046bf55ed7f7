"""Which Python `make setup` takes, tried with interpreters that say of themselves what we want."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "tools" / "make-venv"

#: what an interpreter says of itself, as lines of its `sitecustomize`
OPTIMISED = 'sys.base_prefix, built["CONFIG_ARGS"] = "/opt/a", "--enable-optimizations"'
DISTRIBUTED = 'sys.base_prefix, built["CONFIG_ARGS"] = "/usr", ""'
HOME_BUILT = 'sys.base_prefix, built["CONFIG_ARGS"] = "/opt/b", "--enable-shared"'
WITHOUT_VENV = DISTRIBUTED + '; sys.modules["ensurepip"] = None'
TOO_OLD = OPTIMISED + "; sys.version_info = (3, 10, 1)"


def made_with(tmp_path: Path, pythons: dict[str, str], chosen: str = "") -> tuple[str, str]:
    """Run the script where only `pythons` are on PATH; return the one it took and what it said."""
    venv, programs = tmp_path / "venv", tmp_path / "bin"
    programs.mkdir()
    for name, said in pythons.items():
        site = tmp_path / name
        site.mkdir()
        (site / "sitecustomize.py").write_text(
            f"import sys, sysconfig\nbuilt = sysconfig.get_config_vars()\n{said}\n"
        )
        program = programs / name
        program.write_text(
            f'#!/bin/sh\n[ "$1" = -m ] && echo {name} >"$4" && exit\n'
            f'PYTHONPATH={site} exec {sys.executable} "$@"\n'
        )
        program.chmod(0o755)
    done = subprocess.run(
        [SCRIPT, venv, chosen],
        env={"PATH": str(programs), "LANG": os.environ.get("LANG", "C.UTF-8")},
        check=False,
        capture_output=True,
        text=True,
    )
    assert (done.returncode == 0) == venv.exists()
    return (venv.read_text().strip() if venv.exists() else "", done.stderr)


@pytest.mark.parametrize(
    ("pythons", "taken"),
    [
        ({"python3.13": OPTIMISED, "python3.12": OPTIMISED}, "python3.13"),
        ({"python3.13": HOME_BUILT, "python3.11": OPTIMISED}, "python3.11"),
        ({"python3.13": HOME_BUILT, "python3": DISTRIBUTED}, "python3"),
        ({"python3.13": WITHOUT_VENV, "python3.12": OPTIMISED}, "python3.12"),
        ({"python3.12": TOO_OLD, "python3.11": OPTIMISED}, "python3.11"),
    ],
)
def test_the_newest_that_is_optimised_and_whole(tmp_path: Path, pythons: dict, taken: str):
    assert made_with(tmp_path, pythons)[0] == taken


def test_a_chosen_one_is_taken_as_it_is(tmp_path: Path):
    pythons = {"python3.13": OPTIMISED, "python3.12": HOME_BUILT}
    assert made_with(tmp_path, pythons, "python3.12")[0] == "python3.12"


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (TOO_OLD, ("Cần Python 3.11 trở lên", "Python 3.11 or newer is needed")),
        (WITHOUT_VENV, ("Thiếu mô-đun venv", "(run): apt install python3-venv")),
    ],
)
def test_what_is_missing_is_said_in_both_languages(tmp_path: Path, said: str, words: tuple):
    taken, told = made_with(tmp_path, {"python3.11": said}, "python3.11")
    assert taken == ""
    assert all(word in told for word in words)
