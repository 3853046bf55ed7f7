import os
import re
import stat
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from engine.database import Database
from office import hub_settings, sending_settings, settings, start
from office.settings import SETTINGS, Mode, WrongSetting

SAMPLES = {
    "HOST": "0.0.0.0",
    "PORT": "9090",
    "CONGVAN_URL": "https://congvan.example",
    "CONGVAN_PROXIES": "10.0.0.9",
    "CONGVAN_DATA": "/srv/congvan",
    "CONGVAN_MODE": "production",
    "CONGVAN_DEMO_PASSWORD": "mat-khau",
    "CONGVAN_SECRET_KEY": "k" * 40,
    "DATABASE_URL": "postgresql://u@db/congvan",
    "CELERY_BROKER_URL": "redis://broker/0",
    "CONGVAN_WEB_WORKERS": "7",
    "CONGVAN_JOB_THREADS": "5",
    "CONGVAN_MAX_INSTANCES": "40",
    "CONGVAN_TSA_URLS": "http://tsa.example/, https://tsa2.example/a",
    "CONGVAN_TIMESTAMPS": "required",
    "CONGVAN_BRIDGE": "wss://127.0.0.1:8987",
    "CONGVAN_BRIDGE_TRANSPORT": "raw",
    "CONGVAN_AXIS": "provincial",
    "CONGVAN_AXIS_URL": "https://lgsp.example/api",
    "CONGVAN_AXIS_SYSTEM": "stttt",
    "CONGVAN_AXIS_USER": "congvan",
    "CONGVAN_SEND_ATTEMPTS": "20",
    "CONGVAN_SEND_PAUSE": "15",
    "CONGVAN_INTERMEDIARIES": "02.29.W00:*, H55.W00:H55.07",
    "CONGVAN_AXIS_SIGNATURE": "xmldsig",
    "CONGVAN_HUB_LARGEST": "60",
    "CONGVAN_HUB_MESSAGES": "600",
    "CONGVAN_HUB_MEGABYTES": "900",
    "CONGVAN_HUB_DAYS": "30",
    "CONGVAN_HUB_UNPROVEN": "8",
    "CONGVAN_HUB_NODE": "00.55.W00",
    "CONGVAN_HUB_UPSTREAM": "https://truc.example/adapter",
    "CONGVAN_HUB_UPSTREAM_SYSTEM": "H55",
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
    modules = (settings, hub_settings, sending_settings)
    source = "".join(Path(module.__file__).read_text() for module in modules)
    read = set(re.findall(r'(?:env\.\w+|number|text)\(\s*"([A-Z_]+)"', source))
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
        ("CONGVAN_TSA_URLS", "tsa.example"),
        ("CONGVAN_TSA_URLS", "http://a.example/ http://b.example/"),
        ("CONGVAN_TIMESTAMPS", "sometimes"),
        ("DATABASE_URL", "mysql://x/y"),
        ("DATABASE_URL", "congvan"),
        ("CONGVAN_URL", "congvan.example"),
        ("CONGVAN_URL", "ftp://congvan.example"),
        ("CONGVAN_URL", "https://"),
        ("CONGVAN_URL", "https://congvan.example/van-ban"),
        ("CONGVAN_URL", "https://congvan.example?x"),
        ("CONGVAN_URL", "https://ai@congvan.example"),
        ("CONGVAN_URL", "https://congvan.example:cong"),
        ("CONGVAN_URL", "https://congvan..example"),
        ("CONGVAN_PROXIES", "proxy.example"),
        ("CONGVAN_PROXIES", "10.0.0.9/24"),
        ("CELERY_BROKER_URL", "memory://"),
        ("CONGVAN_AXIS", "soap"),
        ("CONGVAN_HUB_DAYS", "0"),
        ("CONGVAN_HUB_MESSAGES", "many"),
        ("CONGVAN_HUB_UPSTREAM", "truc.example"),
        ("CONGVAN_AXIS_URL", "lgsp.example"),
        ("CONGVAN_AXIS_URL", "https://ai:mat-khau@lgsp.example/"),
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
    monkeypatch.setenv("DATABASE_URL", "mysql://x/y")
    monkeypatch.setenv("CONGVAN_URL", "congvan")
    with pytest.raises(
        WrongSetting, match=r"(?s)PORT.*DATABASE_URL.*CONGVAN_JOB_THREADS.*CONGVAN_URL"
    ):
        settings.load()


def test_any_postgresql_address_goes_through_psycopg(monkeypatch: pytest.MonkeyPatch):
    for scheme in ("postgres", "postgresql", "postgresql+psycopg"):
        monkeypatch.setenv("DATABASE_URL", f"{scheme}://u:p@db/x")
        assert settings.load().database_url == "postgresql+psycopg://u:p@db/x"


@pytest.mark.parametrize(
    ("given", "origin"),
    [
        ("https://congvan.example", "https://congvan.example"),
        ("https://Congvan.Example/", "https://congvan.example"),
        ("https://congvan.example:443", "https://congvan.example"),
        ("http://congvan.example:80", "http://congvan.example"),
        ("http://congvan.example:443", "http://congvan.example:443"),
        ("https://côngvăn.example", "https://xn--cngvn-6ta2i.example"),
        ("https://[2001:DB8::5]:8443", "https://[2001:db8::5]:8443"),
    ],
)
def test_the_public_address_is_kept_as_browsers_write_an_origin(given, origin, monkeypatch):
    monkeypatch.setenv("CONGVAN_URL", given)
    assert settings.load().url == origin


def test_the_proxies_are_addresses_and_networks(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("CONGVAN_PROXIES", " 10.0.0.9, fd00::/64,")
    assert list(map(str, settings.load().proxies)) == ["10.0.0.9/32", "fd00::/64"]


def test_what_people_are_told_to_open_is_the_public_address(
    fresh_database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("CONGVAN_URL", "https://congvan.example")
    told = replace(settings.load(), data=tmp_path, database_url=fresh_database.url)
    assert "https://congvan.example/api-docs" in start.announcement(told)
    names = {"name": "Sở Nội vụ", "code": "H55.99", "symbol": "SNV", "place": "Huế", "admin": "An"}
    assert start.found_agency(told, **names).startswith("https://congvan.example/invitations/")


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
