"""What lies in the repository, for the tests of the house."""

import subprocess
from functools import lru_cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
#: made, not written: caches, the virtual environment, what a run leaves
MADE = {".git", ".venv", ".congvan", "node_modules", "__pycache__", "build", "dist"}
#: the work of others, kept as it came
FOREIGN = ("web/static/vendor/", "tests/web/axe/", "LICENSE", "tools/vendor/package-lock.json")
TEXT = {
    ".py", ".md", ".toml", ".txt", ".json", ".html", ".css", ".js", ".mjs", ".bpmn", ".typ", ".mako",
    ".sql", ".po", "",
}  # fmt: skip


@lru_cache(maxsize=1)
def tracked() -> tuple[Path, ...]:
    """Paths of the files of the repository, relative to its root."""
    done = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
    )
    if done.returncode == 0:
        found = [Path(name) for name in done.stdout.split("\0") if name]
    else:  # an unpacked archive
        found = [
            p.relative_to(ROOT)
            for p in ROOT.rglob("*")
            if p.is_file() and not MADE & set(p.relative_to(ROOT).parts)
        ]
    return tuple(sorted(p for p in found if (ROOT / p).is_file()))


def code() -> list[Path]:
    """Our Python files."""
    return [p for p in tracked() if p.suffix == ".py"]


def texts() -> dict[Path, str]:
    """Our text files with their contents."""
    return {
        p: (ROOT / p).read_text("utf-8")
        for p in tracked()
        if p.suffix in TEXT and not str(p).startswith(FOREIGN)
    }


def pages() -> list[Path]:
    """Our documents."""
    return [p for p in tracked() if p.suffix == ".md"]
