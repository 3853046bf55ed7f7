import os
import re
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from office import settings
from office.settings import SETTINGS, Mode, WrongSetting

SAMPLES = {
    "HOST": "0.0.0.0",
    "PORT": "9090",
    "CONGVAN_DATA": "/srv/congvan",
    "CONGVAN_MODE": "production",
    "CONGVAN_DEMO_PASSWORD": "mat-khau",
    "CONGVAN_SECRET_KEY": "k" * 40,
    "DATABASE_URL": "postgresql://u@db/congvan",
    "CELERY_BROKER_URL": "redis://broker/0",
    "CONGVAN_WEB_WORKERS": "7",
    "CONGVAN_JOB_THREADS": "5",
    "CONGVAN_LOG": "DEBUG",
}


@pytest.fixture(autouse=True)
def _nothing_set(monkeypatch: pytest.MonkeyPatch):
    for setting in SETTINGS:
        monkeypatch.delenv(setting.name, raising=False)


def test_defaults():
    told = settings.load()
    assert (told.host, told.port, told.mode) == ("127.0.0.1", 8080, Mode.DEMO)
    assert told.data == Path.cwd() / ".congvan"
    assert told.url == "http://localhost:8080"
    assert (told.database_url, told.broker_url) == ("", "")


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda s: s.name)
def test_each_setting_of_the_table_is_read(setting, monkeypatch: pytest.MonkeyPatch):
    before = settings.load()
    monkeypatch.setenv(setting.name, SAMPLES[setting.name])
    assert settings.load() != before
    assert setting.vi
    assert setting.en


def test_no_setting_is_read_that_is_not_in_the_table():
    source = Path(settings.__file__).read_text()
    read = set(re.findall(r'env\.\w+\(\s*"([A-Z_]+)"', source))
    assert read == {setting.name for setting in SETTINGS}


def test_the_operations_guide_lists_each_setting():
    guides = list((Path(__file__).parents[2] / "docs").rglob("operations*.md"))
    if not guides:
        pytest.skip("the operations guide is not written yet")
    for guide in guides:
        text = guide.read_text()
        assert not [s.name for s in SETTINGS if f"`{s.name}`" not in text], guide


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "eighty"),
        ("PORT", "0"),
        ("PORT", "70000"),
        ("CONGVAN_MODE", "trial"),
        ("CONGVAN_WEB_WORKERS", "0"),
        ("CONGVAN_LOG", "loud"),
        ("DATABASE_URL", "mysql://x/y"),
        ("DATABASE_URL", "congvan"),
        ("CELERY_BROKER_URL", "memory://"),
    ],
)
def test_what_cannot_be_used_is_named(name: str, value: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv(name, value)
    with pytest.raises(WrongSetting, match=name) as caught:
        settings.load()
    assert caught.value.text("vi").startswith("Cấu hình sai")


def test_everything_wrong_is_named_at_once(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PORT", "x")
    monkeypatch.setenv("CONGVAN_JOB_THREADS", "many")
    with pytest.raises(WrongSetting, match=r"(?s)PORT.*CONGVAN_JOB_THREADS"):
        settings.load()


def test_any_postgresql_address_goes_through_psycopg(monkeypatch: pytest.MonkeyPatch):
    for scheme in ("postgres", "postgresql", "postgresql+psycopg"):
        monkeypatch.setenv("DATABASE_URL", f"{scheme}://u:p@db/x")
        assert settings.load().database_url == "postgresql+psycopg://u:p@db/x"


def test_the_secret_key_is_made_once_and_is_private(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    data = tmp_path / "data"
    monkeypatch.setenv("CONGVAN_DATA", str(data))
    with ThreadPoolExecutor(8) as pool:
        found = set(pool.map(lambda _: settings.load().secret_key(), range(8)))
    assert len(found) == 1
    assert len(found.pop()) >= 48
    assert stat.S_IMODE((data / "secret.key").stat().st_mode) == 0o600
    assert [p.name for p in data.iterdir()] == ["secret.key"]
    assert stat.S_IMODE(data.stat().st_mode) == (0o711 if os.geteuid() == 0 else 0o700)
    monkeypatch.setenv("CONGVAN_SECRET_KEY", "given")
    assert settings.load().secret_key() == "given"


def test_an_existing_data_directory_keeps_its_mode(tmp_path: Path, monkeypatch):
    tmp_path.chmod(0o750)
    monkeypatch.setenv("CONGVAN_DATA", str(tmp_path))
    settings.load().make_data()
    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o750
