"""Two hubs over HTTP: what is for no member goes up, reports come back, nothing goes in circles."""

from contextlib import ExitStack
from dataclasses import replace
from datetime import date
from hashlib import sha256

import pytest
from hub_ground import AT, EDOC, STATUS, Hub, document, open_hub

from exchange.axis_client import AxisClient, Connection
from exchange.axis_trace import with_hop
from exchange.edxml import read, write_status
from exchange.envelope import Party, ResponseFor
from exchange.gateway import Outcome
from exchange.status import StatusCode, StatusMessage
from exchange.wire import Secret
from office.carrier import look_at_upstream
from office.finding import Level
from processes import axis_forward


@pytest.fixture
def hubs(cluster, template):
    """A provincial hub below and a national one above, which knows it as an intermediary."""
    with ExitStack() as stack:
        above = stack.enter_context(open_hub(cluster, template, node="00.01.W00"))
        above.admit("bo", "G12")
        above.admit("tinh", "H55.07", "H55.08")
        below = stack.enter_context(
            open_hub(
                cluster, template, node="00.55.W00", upstream=above.url, upstream_system="tinh"
            )
        )
        below.admit("stttt", "H55.07")
        below.admit("stc", "H55.08")
        lay_secret(below, "khoa-tinh")
        yield below, above


def lay_secret(hub: Hub, secret: str) -> None:
    keys = hub.office.settings.data / "keys"
    keys.mkdir(exist_ok=True)
    path = keys / "upstream.secret"
    path.write_text(secret)
    path.chmod(0o600)


def ask(hub: Hub) -> None:
    with hub.database.transaction() as tx:
        axis_forward.post_asking(tx, hub.office.means)
    hub.work()


def sent(hub: Hub, system: str) -> dict[str, tuple[str, str]]:
    rows = hub.client(system).sent(EDOC)
    return {row["toCode"]: (row["sendStatus"], row["receiveStatus"]) for row in rows}


def test_a_member_gets_the_bytes_the_rest_goes_up_and_statuses_come_back(hubs):
    below, above = hubs
    data = document("H55.07", "H55.08", "G12", trace=("H55.07",))
    below.client("stttt", "H55.07").send(EDOC, data)
    (local,) = below.client("stc").list_received(EDOC)
    assert below.client("stc").fetch(local.packet_id) == data
    assert sent(below, "stttt")["G12"] == ("processing", "initial")
    below.work()
    ministry = above.client("bo", "G12")
    (packet,) = ministry.list_received(EDOC)
    assert (packet.sender, packet.receiver) == ("H55.07", "G12")
    carried = read(ministry.fetch(packet.packet_id))
    assert [hop.organ_id for hop in carried.trace] == ["H55.07", "00.55.W00"]
    assert sent(below, "stttt")["G12"] == ("done", "processing")
    # the receipt of the packet, then the report on the document
    ministry.confirm(packet.packet_id, Outcome.DONE)
    ministry.send(STATUS, report("G12", "H55.07"))
    ask(below)
    assert sent(below, "stttt")["G12"] == ("done", "done")
    (back,) = below.client("stttt").list_received(STATUS)
    told = below.client("stttt").fetch(back.packet_id)
    assert told == report("G12", "H55.07"), "the exact bytes"
    ask(below)
    assert len(below.client("stttt").list_received(STATUS)) == 1
    assert above.client("tinh").list_received(STATUS) == [], "confirmed above"
    forwarded = below.rows("SELECT digest FROM axis_log_entry WHERE kind = 'forwarded'")
    assert forwarded == [(sha256(ministry.fetch(packet.packet_id)).hexdigest(),)]


def report(sender: str, to: str) -> bytes:
    about = ResponseFor(to, "215/STTTT-VP", date(2026, 11, 20), f"{to},2026/11/20,215/STTTT-VP")
    return write_status(
        StatusMessage(Party(sender, "Bộ"), about, StatusCode.ACCEPTED, AT, "Đã vào sổ")
    )


def test_what_the_axis_above_refuses_is_a_failure_its_sender_sees_and_an_incident(hubs):
    below, _ = hubs
    below.client("stttt", "H55.07").send(EDOC, document("H55.07", "G99"))
    below.work()
    (row,) = below.client("stttt").sent(EDOC)
    assert (row["sendStatus"], row["receiveStatus"]) == ("fail", "fail")
    assert "G99" in row["sendStatusDesc"]
    ((kind,),) = below.rows("SELECT kind FROM incident WHERE closed_at IS NULL")
    assert kind == "forward_axis"


def test_an_axis_above_that_is_away_holds_nobody_and_gets_it_later(hubs):
    below, above = hubs
    away = replace(below.office.means, upstream=lambda _code: nobody("http://127.0.0.1:9/axis"))
    below.client("stttt", "H55.07").send(EDOC, document("H55.07", "H55.08", "G12"))
    below.work(away)
    assert below.client("stc").list_received(EDOC), "members are served"
    ((state, attempt, due),) = below.rows(
        "SELECT state, attempt, run_at > now() FROM job WHERE kind = 'forward_axis'"
    )
    assert (state, attempt, due) == ("ready", 1, True)
    with below.database.transaction() as tx:
        tx.execute("UPDATE job SET run_at = now()")
    below.work()
    below.work()
    assert len(above.client("bo").list_received(EDOC)) == 1


def test_a_wrong_secret_for_the_axis_above_loses_nothing(hubs):
    """It is put right on the machine: what waits goes up then, by itself or on a retry."""
    below, above = hubs
    assert [one.level for one in look_at_upstream(below.office.settings)] == [Level.OK]
    assert list(look_at_upstream(above.office.settings)) == [], "there is none above it"
    lay_secret(below, "sai")
    (found,) = look_at_upstream(below.office.settings)
    assert found.level is Level.PROBLEM
    below.client("stttt", "H55.07").send(EDOC, document("H55.07", "G12"))
    below.work()
    assert sent(below, "stttt")["G12"] == ("processing", "initial")
    (below.office.settings.data / "keys" / "upstream.secret").unlink()
    with below.database.transaction() as tx:
        tx.execute("UPDATE job SET run_at = now()")
    below.work()
    ((state, error),) = below.rows("SELECT state, last_error FROM job WHERE kind = 'forward_axis'")
    assert (state, "keys/upstream.secret" in error) == ("ready", True)
    lay_secret(below, "khoa-tinh")
    with below.database.transaction() as tx:
        tx.execute("UPDATE job SET run_at = now()")
    below.work()
    assert len(above.client("bo").list_received(EDOC)) == 1


def nobody(url: str) -> AxisClient:
    return AxisClient(Connection(url, "tinh", Secret("x"), "H55.07", connect_timeout=2))


def test_hubs_that_point_at_each_other_end_what_they_would_carry_for_ever(hubs):
    """Above forwards to below what it does not know, and speaks for the sender there."""
    below, above = hubs
    with below.database.transaction() as tx:
        axis = below.axis(tx)
        axis.admit_system("quoc-gia", "khoa-quoc-gia")
        axis.registry.allow_intermediary("H55.07", "quoc-gia")
    old = above.office
    means = replace(
        old.means,
        axis_rules=replace(old.means.axis_rules, forwards=True),
        upstream=lambda code: below.client("quoc-gia", code),
    )
    above.office = replace(old, means=means)
    above.server.app.extensions["congvan"] = above.office
    for number, trace in ((1, ("H55.07",)), (2, ())):
        body = document("H55.07", "X99", number=number, trace=trace)
        below.client("stttt", "H55.07").send(EDOC, body)
        below.work()
        above.work()
        ask(below)
        rows = [
            r for r in below.client("stttt").sent(EDOC) if r["notation"].startswith(f"{number}/")
        ]
        assert [(r["sendStatus"], r["receiveStatus"]) for r in rows] == [("done", "fail")]
        assert "quay lại" in rows[0]["receiveStatusDesc"]
    assert below.rows("SELECT count(*) FROM axis_packet") == [(2,)]


def test_only_what_bears_no_signature_gets_a_hop_and_nothing_else_changes():
    data = document("H55.07", "G12", trace=("H55.07",))
    made = with_hop(data, "00.55.W00", AT)
    assert [hop.organ_id for hop in read(made).trace] == ["H55.07", "00.55.W00"]
    start = next(i for i, (a, b) in enumerate(zip(data, made, strict=False)) if a != b)
    added = len(made) - len(data)
    assert data[:start] + data[start:] == made[:start] + made[start + added :]
    assert with_hop(data, "00.55.W00", AT) == made, "every attempt sends the same bytes"
    signed = data.replace(
        b"</edXML:edXMLHeader>",
        b'<Signature xmlns="http://www.w3.org/2000/09/xmldsig#"/></edXML:edXMLHeader>',
    )
    assert signed != data
    assert with_hop(signed, "00.55.W00", AT) == signed
    assert with_hop(data, "", AT) == data


def test_the_state_of_what_the_axis_above_lists_no_more_is_learned_by_its_own_time(hubs):
    """Above, a system's list shows its newest thousand."""
    below, above = hubs
    below.client("stttt", "H55.07").send(EDOC, document("H55.07", "G12"))
    below.work()
    ministry = above.client("bo")
    (packet,) = ministry.list_received(EDOC)
    ministry.confirm(packet.packet_id, Outcome.DONE)
    # a day passes in which as much is sent as a list holds, and more in the hour of ours
    with above.database.transaction() as tx:
        tx.execute("UPDATE axis_packet SET created_at = created_at - interval '1 day'")
        tx.execute(
            """INSERT INTO axis_packet SELECT made.* FROM axis_packet p, generate_series(1, 2100) n,
                 jsonb_populate_record(p, jsonb_build_object('packet_id', 'later-' || n,
                   'sending_id', 'later-' || n, 'state', 'initial', 'created_at',
                   p.created_at + CASE WHEN n > 1050 THEN interval '23 hours' ELSE '0' END)) made"""
        )
    with below.database.transaction() as tx:
        tx.execute(
            "UPDATE axis_packet SET created_at = created_at - interval '1 day',"
            " updated_at = updated_at - interval '1 day'"
        )
    assert len(above.client("tinh").sent(EDOC)) == 1_000
    assert packet.packet_id not in {r["receiverDocId"] for r in above.client("tinh").sent(EDOC)}
    assert sent(below, "stttt")["G12"] == ("done", "processing")
    ask(below)
    assert sent(below, "stttt")["G12"] == ("done", "done")
