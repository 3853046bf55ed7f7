"""The message log of the axis: all of it is there, nothing of it changes, and it is proven in time."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from hub_ground import EDOC, Hub, document, open_hub

from exchange.axis_headers import sign
from exchange.errors import AxisFault
from exchange.gateway import Outcome
from processes import axis_heads
from processes.means import Means
from records.axis_log import verify_log
from signing.policy import ValidationPolicy
from signing.revocation import Revocation
from signing.stamp import StampCheck
from signing.testing import Fault, Holder, TsaServer, make_pki
from signing.timestamps import TimestampClient
from signing.trust import load_trust

HOUR = timedelta(hours=1)


class Clock:
    """A clock moved by hand, from now on."""

    def __init__(self) -> None:
        self.at = datetime.now(UTC)

    def __call__(self) -> datetime:
        return self.at


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def hub(cluster, template, clock):
    with open_hub(cluster, template, clock=clock) as made:
        made.admit("ubnd", "H55")
        made.admit("stttt", "H55.07")
        yield made


def head(hub: Hub, means: Means | None = None) -> list[str]:
    hub.chain()
    with hub.database.transaction() as tx:
        axis_heads.post_signing(tx, means or hub.office.means)
    return hub.work(means)


def checked(hub: Hub, stamps: StampCheck | None = None):
    with hub.database.session() as session:
        return verify_log(session, hub.office.means.journal_key(), stamps)


def exchange(hub: Hub, number: int = 215) -> str:
    """Send, send again, fetch and confirm one document; return its packet."""
    sender, receiver = hub.client("stttt", "H55.07"), hub.client("ubnd")
    body = document("H55.07", "H55", number=number)
    sender.send(EDOC, body)
    sender.send(EDOC, body)
    (packet,) = receiver.list_received(EDOC)
    receiver.fetch(packet.packet_id)
    receiver.confirm(packet.packet_id, Outcome.DONE)
    return packet.packet_id


def test_every_fact_of_a_message_is_chained_signed_and_said_to_lack_a_timestamp(hub):
    packet = exchange(hub)
    assert checked(hub).waiting == 4
    assert head(hub) == [axis_heads.HEAD_JOB]
    kinds = hub.rows("SELECT kind, packet_id, system_id FROM axis_log_entry ORDER BY no")
    assert kinds == [
        ("accepted", packet, "stttt"),
        ("repeated", packet, "stttt"),
        ("delivered", packet, "ubnd"),
        ("confirmed", packet, "ubnd"),
    ]
    found = checked(hub)
    assert (found.holds, found.chained, found.waiting, found.signed) == (True, 4, 0, 4)
    assert "chưa đóng dấu thời gian" in found.text("vi")
    assert head(hub) == [], "what is signed is not signed again"


def test_accepting_waits_for_nobody_and_what_is_not_committed_is_chained_later(hub):
    """One sender, two documents: the second is accepted and chained while the first is open."""
    sign_at = hub.database.clock
    with hub.database.transaction() as tx:
        body = document("H55.07", "H55", number=1)
        headers = sign({"messagetype": "edoc"}, body, "stttt", "khoa-stttt", sign_at())
        assert hub.axis(tx).handle("sendEdoc", headers, body).status == 200
        hub.client("stttt", "H55.07").send(EDOC, document("H55.07", "H55", number=2))
        assert hub.chain() == 1
    assert checked(hub).waiting == 1
    assert hub.chain() == 1
    found = checked(hub)
    assert (found.holds, found.chained) == (True, 2)


TAMPERING = {
    "entry-changed": "UPDATE axis_log_entry SET digest = repeat('0', 64) WHERE no = 2",
    "entry-missing": "DELETE FROM axis_log_entry WHERE no = 2",
    "tail-cut": "DELETE FROM axis_log_entry WHERE no = 4",
    "key-unknown": "UPDATE axis_log_head SET certificate = 'x'",
    "signature-wrong": "UPDATE axis_log_head SET head = replace(convert_from(head, 'UTF8'), '4', '3')::bytea",
}


@pytest.mark.parametrize("reason", TAMPERING)
def test_what_was_altered_is_found_and_named(hub, reason):
    exchange(hub)
    head(hub)
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        hub.rows("UPDATE axis_log_entry SET note = 'x' WHERE no = 2")
    with psycopg.connect(hub.office.settings.database_url.replace("+psycopg", "")) as base:
        base.execute("SET session_replication_role = replica")
        base.execute(TAMPERING[reason])
    found = checked(hub)
    assert (found.holds, found.reason) == (False, reason)
    assert "đã bị can thiệp" in found.text("vi")


def test_a_chain_written_anew_does_not_hold_against_its_signed_head(hub):
    exchange(hub)
    head(hub)
    with psycopg.connect(hub.office.settings.database_url.replace("+psycopg", "")) as base:
        base.execute("SET session_replication_role = replica")
        base.execute("UPDATE axis_log_entry SET no = NULL, hash = NULL, note = 'khác'")
    hub.chain()
    assert checked(hub).reason == "chain-rewritten"


# the authority of times -------------------------------------------------------------------------


@pytest.fixture
def stamped(hub, clock, tmp_path):
    """The same hub with an authority of times; whoever stops it sees what the hub does."""
    pki = make_pki(tmp_path, [Holder("a", "A", "B")], [Holder("b", "B")], clock(), "mật khẩu thử")
    trust = load_trust(tmp_path / "trust")
    with TsaServer(pki.services.tsa, clock) as server:
        client = TimestampClient([server.url], trust, clock=clock, timeout=2.0)
        old = hub.office.means
        means = replace(
            old,
            signing=replace(old.signing, timestamps=client),
            axis_rules=replace(old.axis_rules, longest_unproven=4 * HOUR),
        )
        hub.office = replace(hub.office, means=means)
        hub.server.app.extensions["congvan"] = hub.office
        yield server, trust


def test_unproven_too_long_the_hub_accepts_nothing_until_it_is_proven_again(hub, clock, stamped):
    server, trust = stamped
    sender, receiver = hub.client("stttt", "H55.07"), hub.client("ubnd")
    exchange(hub)
    head(hub)
    stamps = StampCheck(trust, Revocation(()), ValidationPolicy(), now=clock())
    found = checked(hub, stamps)
    assert (found.holds, found.stamped_at is not None or found.unproven == 1) == (True, True)
    assert hub.rows("SELECT timestamp IS NOT NULL FROM axis_log_head") == [(True,)]
    # quiet for a day: nothing is unproven, so nothing is refused
    clock.at += timedelta(days=1)
    server.fault = Fault.ERROR
    body = document("H55.07", "H55", number=1)
    sender.send(EDOC, body)
    head(hub)
    clock.at += 4 * HOUR
    sender.send(EDOC, document("H55.07", "H55", number=2))
    assert incidents(hub) == []
    clock.at += timedelta(minutes=1)
    with pytest.raises(AxisFault) as caught:
        sender.send(EDOC, document("H55.07", "H55", number=3))
    assert "quá 4 giờ" in caught.value.text("vi")
    # what was accepted goes on being handed over, confirmed and known again
    assert sender.send(EDOC, body)
    for packet in receiver.list_received(EDOC):
        receiver.fetch(packet.packet_id)
        receiver.confirm(packet.packet_id, Outcome.DONE)
    for _ in range(3):
        head(hub)
    unstamped = "SELECT count(*), count(DISTINCT no) FROM axis_log_head WHERE timestamp IS NULL"
    ((heads, places),) = hub.rows(unstamped)
    assert heads == places, "what is signed and gets no timestamp is not signed again"
    ((kind, error),) = incidents(hub)
    assert kind == axis_heads.HEAD_JOB
    assert "tạm ngừng tiếp nhận" in error
    server.fault = None
    clock.at += timedelta(minutes=2)  # an authority that failed rests for a minute
    head(hub)
    assert incidents(hub) == []
    assert sender.send(EDOC, document("H55.07", "H55", number=3))
    found = checked(hub, StampCheck(trust, Revocation(()), ValidationPolicy(), now=clock()))
    assert (found.holds, found.signed) == (
        True,
        hub.rows("SELECT max(no) FROM axis_log_head")[0][0],
    )


def incidents(hub: Hub) -> list[tuple]:
    return hub.rows("SELECT kind, error FROM incident WHERE closed_at IS NULL")
