"""Agencies exchange through whichever axis the installation chose (đường liên thông)."""

import logging
from dataclasses import replace
from pathlib import Path

import pytest
from stand_ins import Hub, Wrapper, serve
from story import Seeded, Story, envelope_from, letter, open_story, send

from exchange.axis_client import AxisClient
from exchange.clock import now
from exchange.conformance import Bench, Speaker, Verdict, try_axis
from exchange.envelope import Party
from exchange.folder_gateway import FolderGateway
from exchange.wire import Secret
from office.carrier import CarrierNotReady, carriers, look_at_carrier
from office.conformance_command import cases
from office.finding import Level
from office.office import means_of
from office.settings import AxisDriver, Settings
from processes.delivery.gateway import secret_of
from records.document import IncomingDocument
from records.vocabulary import Delivery

SECRET = "khoa-cua-he-thong"
CODES = ("H55", "H55.05", "H55.07")


@pytest.fixture(scope="module")
def ground(seeded: Seeded):
    with open_story(seeded) as story:
        yield story


@pytest.fixture
def told(ground: Story, tmp_path: Path):
    """Settings of an installation with the secrets laid where they belong."""
    keys = tmp_path / "keys"
    keys.mkdir()
    for kind in ("secret", "password"):
        (keys / f"carrier.{kind}").write_text(f"{SECRET}\n")
        (keys / f"carrier.{kind}").chmod(0o600)

    def settings(axis: AxisDriver, url: str, **changes: str) -> Settings:
        made = replace(ground.office.settings, data=tmp_path, axis=axis, axis_url=url)
        return replace(made, axis_system="congvan", axis_user="congvan", **changes)

    return settings


def arrived(story: Story, symbol: str, subject: str) -> list[IncomingDocument]:
    found = story.all(IncomingDocument, IncomingDocument.subject == subject)
    return [one for one in found if one.agency_id == story.agency(symbol)]


def wrapper_for_all() -> Wrapper:
    """A wrapper that knows the whole installation as one system."""
    members = dict.fromkeys(CODES, "congvan")
    return Wrapper(now, members, {"congvan": SECRET}, ("congvan", SECRET))


def exchange(story: Story, number: str, to: tuple[str, ...]) -> str:
    """Sở TT&TT sends a document; all is done that follows. Returns its subject."""
    made = envelope_from(story, "STTTT", number)
    send(story, "STTTT", replace(made, receivers=tuple(Party(code, code) for code in to)))
    story.work()
    return made.subject


def test_agencies_of_one_connection_get_their_own_packets(ground: Story, told):
    wrapper = wrapper_for_all()
    with serve(wrapper) as (address, seen):
        road = carriers(told(AxisDriver.PROVINCIAL, address), ground.office.database)
        with ground.reopened(gateway=road) as story:
            subject = exchange(story, "801", ("H55", "H55.05"))
            assert [len(arrived(story, s, subject)) for s in ("UBND", "STC", "STTTT")] == [1, 1, 0]
        # both reported back by the same connection, and nothing waits
        sent = sorted((held.kind, held.receiver, held.status) for held in wrapper.packets)
        assert sent == [
            ("edoc", "H55", "done"),
            ("edoc", "H55.05", "done"),
            ("status", "H55.07", "done"),
            ("status", "H55.07", "done"),
        ]
        assert [path for path, *_ in seen].count("/v1/auth/login") == 1


def test_a_hub_takes_a_document_once_for_all_its_receivers(ground: Story, told):
    hub, settings = Hub(dict.fromkeys(CODES, SECRET)), told(AxisDriver.HUB, "")
    with serve(hub) as (address, _):
        road = carriers(replace(settings, axis_url=address), ground.office.database)
        with ground.reopened(gateway=road) as opened:
            means = replace(opened.means, names_all_receivers=True)
            story = Story(replace(opened.office, means=means), opened.acting)
            document = letter(story, subject="qua trục nội tỉnh", to=("UBND", "STC"))
            story.work()
            assert [len(arrived(story, s, "qua trục nội tỉnh")) for s in ("UBND", "STC")] == [1, 1]
            assert {r.delivery for r in story.recipients(document)} == {Delivery.ARRIVED}
    sent = sorted((held.kind, held.receiver, held.status) for held in hub.packets)
    assert sent == [
        ("EDOC", "H55", "done"),
        ("EDOC", "H55.05", "done"),
        ("STATUS", "H55.07", "done"),
        ("STATUS", "H55.07", "done"),
    ]
    assert means_of(settings, ground.office.database).names_all_receivers


def test_our_own_axis_needs_no_carrier(ground: Story):
    assert carriers(ground.office.settings, ground.office.database) is None
    assert list(look_at_carrier(ground.office.settings)) == []


def test_our_own_axis_conforms(ground: Story):
    """The whole way: HTTP, the database, two systems."""
    sender, receiver = (
        Speaker(str(agency), Secret(secret_of(ground.means, agency)), ground.code(symbol))
        for symbol in ("STTTT", "UBND")
        if (agency := ground.agency(symbol))
    )
    bench = Bench(ground.means.axis_endpoint, sender, receiver, large=2_000_000)
    report = try_axis(bench, cases())
    failed = {r.case.number: r.seen for r in report.results if r.verdict is Verdict.FAILED}
    assert failed == {}
    assert report.is_conformant
    assert {r.case.number for r in report.results if r.verdict is Verdict.SKIPPED} <= {"4.2"}


def test_each_driver_is_a_word(ground: Story, told, tmp_path: Path):
    made = {}
    for axis, url in (
        (AxisDriver.ADAPTER, "http://127.0.0.1:9/adapter"),
        (AxisDriver.HUB, "http://127.0.0.1:9"),
        (AxisDriver.FOLDER, str(tmp_path)),
    ):
        road = carriers(told(axis, url), ground.office.database)
        made[axis] = road(ground.agency("UBND"), "H55")
        assert road(ground.agency("UBND"), "H55") is made[axis]  # kept, with its token
    assert isinstance(made[AxisDriver.ADAPTER]._inner, AxisClient)
    assert isinstance(made[AxisDriver.FOLDER], FolderGateway)
    assert (tmp_path / "H55").is_dir()


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda keys: (keys / "carrier.secret").unlink(), "chưa có keys/carrier.secret"),
        (lambda keys: (keys / "carrier.password").chmod(0o644), "chmod 600"),
        (lambda keys: (keys / "carrier.secret").write_bytes(b"\xff"), "không đọc được"),
        (lambda keys: (keys / "carrier.secret").write_text("\n"), "carrier.secret trống"),
    ],
)
def test_a_secret_that_is_not_there_stops_sending(ground: Story, told, tmp_path, spoil, words):
    spoil(tmp_path / "keys")
    road = carriers(told(AxisDriver.PROVINCIAL, "http://127.0.0.1:9"), ground.office.database)
    with pytest.raises(CarrierNotReady) as caught:
        road(ground.agency("UBND"), "H55")
    assert words in caught.value.text("vi")
    assert SECRET not in caught.value.text("vi") + caught.value.text("en")
    assert not caught.value.retryable


def test_the_doctor_calls_the_axis(ground: Story, told, tmp_path: Path, caplog):
    caplog.set_level(logging.DEBUG)
    wrapper, hub = wrapper_for_all(), Hub({"congvan": SECRET})
    with serve(wrapper) as (provincial, _), serve(hub) as (inner, _):
        (tmp_path / "thu-muc").mkdir()
        good = [
            told(AxisDriver.PROVINCIAL, provincial),
            told(AxisDriver.HUB, inner),
            told(AxisDriver.FOLDER, str(tmp_path / "thu-muc")),
        ]
        wrapper.secrets["khac"] = "khong-phai"
        bad = [
            replace(told(AxisDriver.PROVINCIAL, provincial), axis_system="khac"),
            told(AxisDriver.ADAPTER, "http://127.0.0.1:9"),
            told(AxisDriver.FOLDER, inner),
            told(AxisDriver.HUB, ""),
            told(AxisDriver.FOLDER, str(tmp_path / "khong-co")),
        ]
        for settings in good:
            (finding,) = look_at_carrier(settings)
            assert finding.level is Level.OK, finding.vi
        for settings in bad:
            (finding,) = look_at_carrier(settings)
            assert finding.level is Level.PROBLEM
            assert finding.vi != finding.en
    assert SECRET not in caplog.text
    assert list((tmp_path / "thu-muc").iterdir()) == []  # the doctor changes nothing
