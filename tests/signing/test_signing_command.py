"""`congvan verify-pdf` on a machine where nothing was set up and nothing runs."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from office.cli import main


@pytest.fixture
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of data that does not exist yet."""
    for name in ("DATABASE_URL", "CELERY_BROKER_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("CONGVAN_DATA", str(tmp_path / "data"))
    return tmp_path


def test_without_trust_anchors_the_report_still_comes_and_nobody_is_trusted(bare, issued):
    file = bare / "van-ban.pdf"
    file.write_bytes(issued)
    answer = CliRunner().invoke(main, ["verify-pdf", str(file), "--json"])
    assert answer.exit_code == 1
    assert "--trust" in answer.stderr
    report = json.loads(answer.stdout)
    assert len(report["signatures"]) == 3
    assert report["verdict"] != "valid"
    assert not (bare / "data").exists()


def test_a_named_folder_that_is_missing_is_refused(bare, issued):
    file = bare / "van-ban.pdf"
    file.write_bytes(issued)
    answer = CliRunner().invoke(main, ["verify-pdf", str(file), "--trust", str(bare / "none")])
    assert answer.exit_code == 1
    assert "trust.toml" in answer.stderr
