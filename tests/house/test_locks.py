"""What is installed is known to the last byte, and comes from wherever the machine's pip looks."""

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
LOCKS = ("run.txt", "dev.txt")


def plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", re.split(r"[\s\[<>=!~;]", name)[0]).lower()


def locked(name: str) -> dict[str, str]:
    """Package → the whole requirement, from a lock file."""
    text = (ROOT / "requirements" / name).read_text("utf-8")
    joined = re.sub(r"\\\n\s*", "", text)
    return {plain(line): line for line in joined.splitlines() if line and line[0] != "#"}


def direct(*extras: str) -> set[str]:
    wanted = [*PROJECT["dependencies"]]
    for extra in extras:
        wanted += PROJECT["optional-dependencies"][extra]
    return {plain(one) for one in wanted}


@pytest.mark.parametrize("name", LOCKS)
def test_every_line_is_exact_and_hashed(name: str):
    found = locked(name)
    assert len(found) > 50
    for package, line in found.items():
        assert re.match(r"[a-z0-9-]+==[^\s;]+ ", line), package
        assert re.search(r" --hash=sha256:[0-9a-f]{64}$", line), package
        assert set(re.findall(r"--[a-z-]+", line)) == {"--hash"}, package


@pytest.mark.parametrize("name", LOCKS)
def test_no_line_names_an_address(name: str):
    text = (ROOT / "requirements" / name).read_text("utf-8")
    assert "://" not in text
    assert " @ " not in text
    assert not re.search(r"^\s*(-[a-z]|--(?!hash))", text, re.MULTILINE)


def test_every_direct_dependency_is_locked():
    assert direct("embedded", "build") <= locked("run.txt").keys()
    assert direct("embedded", "build", "dev") <= locked("dev.txt").keys()


def test_both_files_agree():
    run, dev = locked("run.txt"), locked("dev.txt")
    assert {p: line.split(" ")[0] for p, line in run.items()} == {
        p: dev[p].split(" ")[0] for p in run
    }


def test_what_only_maintainers_use_is_not_installed_by_run():
    only = direct("dev") - direct("embedded", "build")
    assert not only & locked("run.txt").keys()
