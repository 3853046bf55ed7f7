"""Our axis keeps and hands on: queues, quotas, sizes, how long; over real HTTP and PostgreSQL."""

import http.client
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256

import orjson
import psycopg
import pytest
from hub_ground import EDOC, Hub, document, open_hub

from engine.wire import Wire, numbered
from exchange.axis_headers import sign
from exchange.errors import AxisFault, RefusedByAxis
from exchange.gateway import Outcome
from records import axis, axis_keeping


class Clock:
    """A clock moved by hand; at half past nine, so that the hour goes on."""

    def __init__(self) -> None:
        self.at = datetime(2026, 11, 20, 2, 30, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.at


@pytest.fixture(scope="module")
def clock() -> Clock:
    return Clock()


@pytest.fixture(scope="module")
def hub(cluster, template, clock):
    with open_hub(cluster, template, clock=clock, largest=1_000_000) as made:
        made.admit("ubnd", "H55")
        made.admit("stttt", "H55.07")
        made.admit("stc", "H55.08", "H55.09")
        yield made


@pytest.fixture(autouse=True)
def _empty(hub: Hub):
    """Every test begins with empty queues."""
    with hub.database.transaction() as tx:
        for table in ("axis_usage", "axis_packet", "axis_message", "axis_sending"):
            tx.execute(f"DELETE FROM {table}")


def call(hub: Hub, clock: Clock, operation: str, body: bytes = b"", **parameters: str):
    """Call as any HTTP client; return status, headers and the answer."""
    headers = sign({"messagetype": "edoc", **parameters}, body, "stttt", "khoa-stttt", clock())
    wire = http.client.HTTPConnection("127.0.0.1", hub.port, timeout=20)
    wire.request("POST", f"/axis/{operation}", body, headers)
    answer = wire.getresponse()
    told = orjson.loads(answer.read())
    wire.close()
    return answer.status, answer.headers, told


def limit(hub: Hub, messages: int, size: int = 0) -> None:
    with hub.database.transaction() as tx:
        store = axis.AxisStore(tx)
        system = store.system("stttt")
        assert system is not None
        store.put_system(replace(system, messages_per_hour=messages, bytes_per_hour=size))


def test_over_its_quota_a_system_is_told_when_to_come_back_and_repeats_are_answered(hub, clock):
    limit(hub, 2)
    try:
        bodies = [document("H55.07", "H55", number=n) for n in (1, 2, 3)]
        first = call(hub, clock, "sendEdoc", bodies[0])[2]["DocId"]
        assert call(hub, clock, "sendEdoc", bodies[1])[0] == 200
        status, headers, told = call(hub, clock, "sendEdoc", bodies[2])
        assert (status, headers["Retry-After"], told["ErrorCode"]) == (429, "1801", "20")
        assert told["retry_after"] == 1801
        assert "hết hạn mức của giờ này (2 gói tin" in told["ErrorDesc"]
        assert "gửi lại từ 10:00" in told["ErrorDesc"], "as clocks in Vietnam show it"
        # what was accepted and not heard of is answered as before, and counts once
        assert call(hub, clock, "sendEdoc", bodies[0])[2]["DocId"] == first
        client = hub.client("stttt", "H55.07")
        with pytest.raises(AxisFault) as caught:
            client.send(EDOC, bodies[2])
        assert caught.value.retryable
        clock.at += timedelta(minutes=30)
        assert call(hub, clock, "sendEdoc", bodies[2])[0] == 200
        limit(hub, 0, len(bodies[2]) + 10)
        assert call(hub, clock, "sendEdoc", document("H55.07", "H55", number=4))[0] == 429
    finally:
        limit(hub, 0)


def test_a_message_beyond_the_limit_is_refused_by_its_size(hub, clock):
    body = document("H55.07", "H55") + b" " * 1_000_000
    status, _, told = call(hub, clock, "sendEdoc", body)
    assert (status, told["ErrorCode"]) == (413, "10")
    assert "tối đa 1000000" in told["ErrorDesc"]
    with pytest.raises(RefusedByAxis):
        hub.client("stttt", "H55.07").send(EDOC, body)


def test_one_agency_s_full_queue_hides_no_other_s_of_the_same_system(hub, clock):
    """A system speaks for two agencies; the post of one of them nobody takes away."""
    fill(hub, "H55.08", 1_500)
    hub.client("stttt", "H55.07").send(EDOC, document("H55.07", "H55.09"))
    listed = [one.receiver for one in hub.client("stc").list_received(EDOC)]
    assert len(listed) == 1_000
    assert listed.count("H55.09") == 1


def fill(hub: Hub, agency: str, count: int) -> None:
    with hub.database.transaction() as tx:
        digest = sha256(agency.encode()).hexdigest()
        tx.execute(
            "INSERT INTO axis_message (digest, data, kept_at) VALUES (%s, %s, %s)",
            *(digest, b"x", tx.now),
        )
        tx.execute(
            """INSERT INTO axis_packet (packet_id, sending_id, message_type, sender, sent_as,
                 sent_by, receiver, addressed_as, digest, reference, subject, created_at,
                 updated_at, state, description, route, forwarded_as)
               SELECT %s || n, %s || n, 'edoc', 'H55.07', 'H55.07', 'stttt', %s, %s, %s, '1', 'x',
                 %s::timestamptz - n * interval '1 second', %s, 'initial', '', 'local', ''
               FROM generate_series(1, %s) n""",
            *(f"p-{agency}-", f"s-{agency}-", agency, agency, digest, tx.now, tx.now, count),
        )


def test_listing_goes_by_the_index_of_what_waits_however_much_waits_for_others(hub):
    """A plan for any values does not know bound states to be those of the index."""
    fill(hub, "H55", 3_000)
    fill(hub, "H55.08", 20)
    question = numbered(axis._WAITING)

    def plan(text: str) -> str:
        url = hub.office.settings.database_url.replace("+psycopg", "")
        with psycopg.connect(url) as base:
            return "\n".join(row[0] for row in base.execute(f"EXPLAIN (GENERIC_PLAN) {text}"))

    assert "ix_axis_packet_waiting" in plan(question)
    bound = question.replace("IN ('initial', 'processing')", "= ANY($7::text[])")
    assert "ix_axis_packet_waiting" not in plan(bound)


def test_bytes_go_when_all_have_confirmed_and_the_time_is_over_headers_stay(hub, clock):
    sender = hub.client("stttt", "H55.07")
    sender.send(EDOC, document("H55.07", "H55", "H55.08"))
    first, second = (hub.client(system) for system in ("ubnd", "stc"))
    (packet,) = first.list_received(EDOC)
    first.confirm(packet.packet_id, Outcome.DONE)
    clock.at += timedelta(days=91)
    assert sweep(hub) == 0, "one receiver has not taken it yet"
    (other,) = second.list_received(EDOC)
    assert second.fetch(other.packet_id)
    second.confirm(other.packet_id, Outcome.DONE)
    clock.at += timedelta(days=89)
    assert sweep(hub) == 0
    clock.at += timedelta(days=2)
    assert sweep(hub) == 1
    headers = sign({"docId": packet.packet_id}, b"", "ubnd", "khoa-ubnd", clock())
    with hub.database.transaction() as tx:
        told = orjson.loads(hub.axis(tx).handle("getEdoc", headers, b"").body)
    assert (told["ErrorCode"], "vì hết hạn lưu" in told["ErrorDesc"]) == ("404", True)
    assert [row["title"] for row in sender.sent(EDOC)] == [
        "V/v góp ý quy chế liên thông văn bản"
    ] * 2
    kinds = [row[0] for row in hub.rows("SELECT kind FROM axis_log_entry ORDER BY id DESC LIMIT 5")]
    assert "confirmed" in kinds
    # sent anew to somebody else, the same bytes are there again
    sender.send(EDOC, document("H55.07", "H55", "H55.08"), ("H55.09",))
    (again,) = second.list_received(EDOC)
    assert second.fetch(again.packet_id) == document("H55.07", "H55", "H55.08")


def sweep(hub: Hub) -> int:
    with hub.database.transaction() as tx:
        return axis_keeping.sweep(tx, 90)


def test_who_asked_last_is_known_to_the_minute(hub, clock):
    hub.client("ubnd").list_received(EDOC)
    asked = "SELECT polled_at FROM axis_system WHERE system_id = 'ubnd'"
    before = hub.rows(asked)
    clock.at += timedelta(seconds=30)
    hub.client("ubnd").list_received(EDOC)
    assert hub.rows(asked) == before
    clock.at += timedelta(minutes=1)
    hub.client("ubnd").list_received(EDOC)
    assert hub.rows(asked) == [(clock.at,)]


def test_a_document_for_three_is_taken_in_by_four_questions_and_nine_statements(hub, monkeypatch):
    """Each question waits for the server once; `benchmarks.axis` measures what comes of it."""
    asked: list[list[str]] = []
    exchange = Wire._exchange

    def counting(wire: Wire, batch):
        asked.append([statement.text.split()[0] for statement in batch])
        return exchange(wire, batch)

    monkeypatch.setattr(Wire, "_exchange", counting)
    sender = hub.client("stttt", "H55.07")
    sender.send(EDOC, document("H55.07", "H55", "H55.08", "H55.09"))
    assert asked == [
        ["BEGIN", "SELECT", "SELECT"],  # who acts, who calls
        ["SELECT"],  # the sender and all receivers
        ["SELECT", "SELECT"],  # locked, then whether it is known
        ["WITH", "INSERT", "COMMIT"],  # bytes, keys, packets; the log
    ]
    assert len(hub.rows("SELECT 1 FROM axis_packet")) == 3
    asked.clear()
    (packet,) = hub.client("ubnd").list_received(EDOC)
    asked.clear()
    hub.client("ubnd").confirm(packet.packet_id, Outcome.DONE)
    assert asked == [
        ["BEGIN", "SELECT", "SELECT"],
        ["SELECT"],
        ["UPDATE", "INSERT", "COMMIT"],
    ]


def test_who_lists_without_confirming_still_reads_all_that_waits(hub, clock):
    """One send of many receivers has one time: `after` divides what no day or second does."""
    fill(hub, "H55", 2_300)
    with hub.database.transaction() as tx:
        tx.execute("UPDATE axis_packet SET created_at = %s", clock.at)
    assert call_as(hub, clock, "ubnd", "countReceiveEdoc")["count"] == 2_300
    read: list[str] = []
    after = "0"
    while rows := call_as(hub, clock, "ubnd", "getReceivedEdocList", after=after)["data"]:
        assert len(rows) <= 1_000
        read += [row["docId"] for row in rows]
        after = read[-1]
    assert len(read) == len(set(read)) == 2_300
    # without it the same ones come until they are confirmed
    first = call_as(hub, clock, "ubnd", "getReceivedEdocList")["data"]
    assert [row["docId"] for row in first] == read[:1_000]
    foreign = call_as(hub, clock, "stc", "getReceivedEdocList", after=read[0])
    assert (foreign["status"], foreign["ErrorCode"]) == ("FAIL", "21")


def test_what_one_send_of_many_receivers_became_is_read_to_its_end(hub, clock):
    fill(hub, "H55", 2_300)
    with hub.database.transaction() as tx:
        tx.execute("UPDATE axis_packet SET created_at = %s", clock.at)
    sender = hub.client("stttt")
    assert len(sender.sent(EDOC)) == 1_000, "the newest"
    hour = timedelta(hours=1)
    rows = sender.sent(EDOC, clock.at - hour, clock.at + hour)
    assert len({row["receiverDocId"] for row in rows}) == 2_300
    assert sender.sent(EDOC, clock.at + hour, clock.at + 2 * hour) == []


def call_as(hub: Hub, clock: Clock, system: str, operation: str, **parameters: str):
    headers = sign({"messagetype": "edoc", **parameters}, b"", system, f"khoa-{system}", clock())
    with hub.database.transaction() as tx:
        return orjson.loads(hub.axis(tx).handle(operation, headers, b"").body)
