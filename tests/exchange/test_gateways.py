"""Carriage by folders, and the bad road: at least once on the wire, once in effect."""

import os
import resource
import threading
from contextlib import contextmanager
from datetime import timedelta

import pytest

from exchange.edxml import read, write, write_status
from exchange.envelope import Party, ResponseFor
from exchange.errors import (
    BrokenAttachment,
    GatewayError,
    InvalidSetting,
    MessageTooLarge,
    NoSuchPacket,
    Unreachable,
)
from exchange.faulty import Faults, FaultyGateway
from exchange.folder_gateway import FolderGateway
from exchange.gateway import MessageType, Outcome
from exchange.own_arrivals import OwnArrivals
from exchange.status import StatusCode, StatusMessage

EDOC, STATUS = MessageType.EDOC, MessageType.STATUS


WHOLE = b"<edXML>hong</edXML>\n"


@pytest.fixture
def folders(tmp_path):
    """Two gateways and the messenger who carries files from one outbox to the other inbox."""
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
    here, there = FolderGateway(tmp_path / "a"), FolderGateway(tmp_path / "b")

    def carry(code: str) -> None:
        inbox = tmp_path / "b" / "inbox"
        inbox.mkdir(exist_ok=True)
        for path in (tmp_path / "a" / "outbox" / code).iterdir():
            (inbox / path.name).write_bytes(path.read_bytes())

    return here, there, carry


def test_carried_by_hand(folders, make_envelope, tmp_path):
    here, there, carry = folders
    data = write(make_envelope(to=("H55", "H55.08")))
    receipt = here.send(EDOC, data)
    assert here.send(EDOC, data) == receipt
    carry("H55")
    (arrival,) = there.list_received(EDOC)
    assert there.list_received(STATUS) == []
    assert there.fetch(arrival.packet_id) == data
    there.confirm(arrival.packet_id, Outcome.PROCESSING)
    assert there.list_received(EDOC) == [arrival]
    there.confirm(arrival.packet_id, Outcome.DONE)
    there.confirm(arrival.packet_id, Outcome.DONE)
    assert there.list_received(EDOC) == []
    carry("H55")  # the messenger comes again
    assert there.list_received(EDOC) == []
    assert (tmp_path / "b" / "done" / arrival.packet_id).read_bytes() == data
    assert len(list((tmp_path / "a" / "outbox").iterdir())) == 2


def test_a_status_by_hand(folders, clock):
    here, there, carry = folders
    message = StatusMessage(
        Party("H55", "UBND"), ResponseFor("H55.07", "1/A", None, "x"), StatusCode.ARRIVED, clock()
    )
    here.send(STATUS, write_status(message))
    carry("H55.07")
    (arrival,) = there.list_received(STATUS)
    assert read(there.fetch(arrival.packet_id)) == message
    assert there.list_received(EDOC) == []


def test_a_failed_file_keeps_its_reason(folders, tmp_path):
    _, there, _ = folders
    there.list_received(EDOC)
    (tmp_path / "b" / "inbox" / "Văn bản đến.edxml").write_bytes(WHOLE)
    (arrival,) = there.list_received(EDOC)
    there.confirm(arrival.packet_id, Outcome.FAIL, "Không phải XML")
    failed = tmp_path / "b" / "failed"
    assert (failed / "Văn bản đến.edxml").read_bytes() == WHOLE
    assert (failed / "Văn bản đến.txt").read_text(encoding="utf-8") == "Không phải XML"


def test_a_packet_of_two_gigabytes_is_refused_and_put_aside(folders, tmp_path):
    _, there, _ = folders
    there.list_received(EDOC)
    with (tmp_path / "b" / "inbox" / "lon.edxml").open("wb") as file:
        file.truncate(2_000_000_000)
    (tmp_path / "b" / "inbox" / "nho.edxml").write_bytes(b"<edXML/>")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(MessageTooLarge):
        there.fetch("lon.edxml")
    assert there.fetch("nho.edxml") == b"<edXML/>"
    there.confirm("lon.edxml", Outcome.FAIL, "Quá lớn")
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100_000  # kB
    assert [arrival.packet_id for arrival in there.list_received(EDOC)] == ["nho.edxml"]


def test_an_equal_name_is_not_an_equal_message(folders, tmp_path):
    _, there, _ = folders
    there.list_received(EDOC)
    path = tmp_path / "b" / "inbox" / "vb.edxml"
    for content in (b"mot</edXML>", b"hai</edXML>"):
        path.write_bytes(content)
        assert len(there.list_received(EDOC)) == 1
        there.confirm("vb.edxml", Outcome.DONE)
    kept = sorted(file.read_bytes() for file in (tmp_path / "b" / "done").iterdir())
    assert kept == [b"hai</edXML>", b"mot</edXML>"]


def test_unfinished_and_foreign_files_are_not_offered(folders, tmp_path):
    _, there, _ = folders
    there.list_received(EDOC)
    inbox = tmp_path / "b" / "inbox"
    for name in (".x.edxml", "x.edxml.part", "x.pdf"):
        (inbox / name).write_bytes(b"x")
    (inbox / "folder.edxml").mkdir()
    assert there.list_received(EDOC) == []


@pytest.mark.parametrize(
    "packet_id",
    ["../a.edxml", "/etc/passwd", ".a.edxml", "a", "", "a\x00.edxml", "x/../../b.edxml"],
)
def test_packet_ids_are_names_only(folders, packet_id):
    _, there, _ = folders
    with pytest.raises(NoSuchPacket):
        there.fetch(packet_id)
    with pytest.raises(NoSuchPacket):
        there.confirm(packet_id, Outcome.DONE)


@pytest.mark.parametrize("code", ["../../x", "..", "/tmp/x", "a\\b"])
def test_receiver_codes_stay_below_the_outbox(folders, make_envelope, tmp_path, code):
    here, _, _ = folders
    here.send(EDOC, write(make_envelope()), (code,))
    found = list(tmp_path.rglob("*.edxml"))
    assert [path.parent.parent for path in found] == [tmp_path / "a" / "outbox"]


def test_a_full_or_closed_disk_is_an_error_to_retry(folders, make_envelope, tmp_path):
    here, _, _ = folders
    (tmp_path / "a" / "outbox").write_bytes(b"")  # a file where the folder should be
    with pytest.raises(Unreachable) as caught:
        here.send(EDOC, write(make_envelope()))
    assert caught.value.retryable
    with pytest.raises(InvalidSetting):
        FolderGateway(tmp_path / "khong-co")


def test_a_write_that_fails_leaves_nothing(folders, make_envelope, tmp_path):
    here, _, _ = folders
    data = write(make_envelope())
    name = here.send(EDOC, data)
    target = tmp_path / "a" / "outbox" / "H55" / name
    target.unlink()
    target.mkdir()  # cannot be replaced by a file
    with pytest.raises(Unreachable):
        here.send(EDOC, data)
    assert list(target.parent.iterdir()) == [target]


def test_a_file_still_being_copied_is_left_alone(tmp_path, make_envelope, clock):
    gateway = FolderGateway(tmp_path, clock=clock)
    gateway.list_received(EDOC)
    data, path = write(make_envelope()), tmp_path / "inbox" / "vb.edxml"
    at = clock().timestamp()
    for share in (0, 1, len(data) // 2, len(data) - 1):
        path.write_bytes(data[:share])
        os.utime(path, (at, at))
        assert gateway.list_received(EDOC) == [], share
    clock.at += timedelta(minutes=11)  # nobody copies it any more: its reason is told to somebody
    assert [a.packet_id for a in gateway.list_received(EDOC)] == ["vb.edxml"]
    path.write_bytes(data)
    os.utime(path, (clock().timestamp(),) * 2)
    (arrival,) = gateway.list_received(EDOC)
    assert gateway.fetch(arrival.packet_id) == data


@pytest.mark.parametrize("turn", range(4))
def test_two_readers_take_each_file_once_and_neither_fails(tmp_path, turn):
    count, taken, failures = 60, [], []
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    for number in range(count):
        (inbox / f"{number}.edxml").write_bytes(WHOLE + b"<!-- %d --></edXML>" % number)
    start = threading.Barrier(2)

    def take_all():
        gateway = FolderGateway(tmp_path)
        start.wait()
        try:
            while arrivals := gateway.list_received(EDOC):
                for arrival in arrivals:
                    try:
                        gateway.fetch(arrival.packet_id)
                    except NoSuchPacket:
                        continue  # the other was first
                    gateway.confirm(arrival.packet_id, Outcome.DONE, "xong")
                    taken.append(arrival.packet_id)
        except Exception as error:
            failures.append(error)
            raise

    threads = [threading.Thread(target=take_all) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert len(set(taken)) == count
    assert len(list((tmp_path / "done").glob("*.edxml"))) == count


@pytest.fixture
def full_disk():
    """No file of this process grows beyond a kilobyte: what the system answers is an error."""

    @contextmanager
    def filled():
        before = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (1_000, before[1]))
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)

    return filled


def test_a_disk_that_is_full_loses_nothing(folders, make_envelope, tmp_path, full_disk):
    here, there, carry = folders
    data = write(make_envelope())
    assert len(data) > 1_000
    with full_disk(), pytest.raises(Unreachable) as caught:
        here.send(EDOC, data)
    assert caught.value.retryable
    assert [p for p in (tmp_path / "a").rglob("*") if p.is_file()] == []
    here.send(EDOC, data)
    carry("H55")
    (arrival,) = there.list_received(EDOC)
    with full_disk(), pytest.raises(Unreachable):
        there.confirm(arrival.packet_id, Outcome.FAIL, "lý do " * 500)
    assert there.fetch(arrival.packet_id) == data  # still where it was
    with full_disk():
        there.confirm(arrival.packet_id, Outcome.DONE)  # a move needs no room
    assert there.list_received(EDOC) == []


def test_whoever_carries_the_files_can_read_them(folders, make_envelope, tmp_path):
    here, _, _ = folders
    name = here.send(EDOC, write(make_envelope()))
    assert (tmp_path / "a" / "outbox" / "H55" / name).stat().st_mode & 0o777 == 0o640


# --- one connection for several agencies ----------------------------------------------------------


@pytest.fixture
def shared(hub, in_process):
    """One system that speaks for the province's office, by two codes, and a department."""
    hub.admit_agency("ubnd", "H55.08", "Sở Tài chính", parent="H55")
    return in_process("ubnd", "H55")


def test_an_agency_sees_its_own_packets_of_a_shared_connection(shared, in_process, make_envelope):
    office = OwnArrivals(shared, lambda: ["H55", "000.00.00.h55"])
    department = OwnArrivals(shared, lambda: ["H55.08"])
    sender = in_process("stttt", "H55.07")
    for number, code in enumerate(("H55", "000.00.00.H55", "H55.08"), start=1):
        sender.send(EDOC, write(make_envelope(number, to=(code,))))
    assert len(shared.list_received(EDOC)) == 3
    assert [a.receiver for a in office.list_received(EDOC)] == ["H55", "000.00.00.H55"]
    (own,) = department.list_received(EDOC)
    assert read(department.fetch(own.packet_id)) == make_envelope(3, to=("H55.08",))
    department.confirm(own.packet_id, Outcome.DONE)
    assert department.list_received(EDOC) == []
    assert OwnArrivals(shared, lambda: ["G99"]).list_received(EDOC) == []
    assert len(shared.list_received(EDOC)) == 2  # what is nobody's stays with the carrier


def test_a_shared_connection_tells_what_was_sent_where_its_carrier_does(
    shared, folders, make_envelope
):
    office = OwnArrivals(shared, lambda: ["H55"])
    receipt = office.send(EDOC, write(make_envelope(organ="H55", to=("H55.07",))))
    rows = office.sent(EDOC)
    assert [row["senderDocId"] for row in rows] == [receipt]
    assert OwnArrivals(folders[0], lambda: ["H55"]).sent(EDOC) is None


def test_where_the_carrier_tells_no_receiver_the_message_does(folders, make_envelope, tmp_path):
    _, there, _ = folders
    inbox = tmp_path / "b" / "inbox"
    inbox.mkdir()
    (inbox / "a.edxml").write_bytes(write(make_envelope(to=("H55.08",))))
    (inbox / "hong.edxml").write_bytes(WHOLE)
    assert len(there.list_received(EDOC)) == 2
    assert OwnArrivals(there, lambda: ["H55"]).list_received(EDOC) == []
    (own,) = OwnArrivals(there, lambda: ["H55.08"]).list_received(EDOC)
    assert own.packet_id == "a.edxml"


# --- the bad road -------------------------------------------------------------------------------

BAD = Faults(
    lost_ack=0.25,
    unavailable=0.2,
    duplicate=0.3,
    reorder=0.5,
    corrupt=0.2,
    longest_delay=timedelta(minutes=9),
)


def deliver(in_process, clock, make_envelope, seed, *, idempotent, count=25):
    """Send `count` documents over a bad road and take them in; return what took effect."""
    sender = FaultyGateway(in_process("stttt", "H55.07"), seed, BAD, clock)
    receiver = FaultyGateway(in_process("ubnd", "H55"), seed + 1, BAD, clock)
    queue = [make_envelope(number) for number in range(1, count + 1)]
    effects, registered, failures = [], set(), []
    quiet = 0
    while quiet < 6:
        clock.at += timedelta(minutes=1)
        for envelope in list(queue):
            try:
                sender.send(EDOC, write(envelope), ("H55",))
            except GatewayError as error:
                failures.append(error)
            else:
                queue.remove(envelope)
        try:
            arrivals = receiver.list_received(EDOC)
        except GatewayError:
            continue
        quiet = 0 if arrivals or queue else quiet + 1
        for arrival in arrivals:
            try:
                message = read(receiver.fetch(arrival.packet_id))
                if not (idempotent and message.identifier in registered):
                    effects.append(message.identifier)
                    registered.add(message.identifier)
                receiver.confirm(arrival.packet_id, Outcome.DONE)
            except (GatewayError, BrokenAttachment):
                continue  # it will be listed again
    assert all(error.retryable for error in failures)
    return effects, sender.injected + receiver.injected


@pytest.mark.parametrize("seed", range(6))
def test_exactly_once_in_effect(in_process, clock, make_envelope, seed):
    effects, injected = deliver(in_process, clock, make_envelope, seed * 10, idempotent=True)
    expected = sorted(make_envelope(number).identifier for number in range(1, 26))
    assert sorted(effects) == expected
    for fault in ("lost_ack", "unavailable", "duplicate", "reorder", "corrupt", "delay"):
        assert injected[fault] > 0, fault


@pytest.mark.parametrize("seed", range(3))
def test_the_control_without_idempotence_shows_duplicates(in_process, clock, make_envelope, seed):
    effects, _ = deliver(in_process, clock, make_envelope, seed * 10, idempotent=False)
    assert len(effects) > len(set(effects)) == 25


def test_the_same_seed_gives_the_same_faults(in_process, clock, make_envelope):
    class Nowhere:
        def send(self, *_):
            return "x"

    def run(seed):
        road = FaultyGateway(Nowhere(), seed, BAD, clock)
        outcome = []
        for _ in range(50):
            try:
                outcome.append(road.send(EDOC, b""))
            except GatewayError as error:
                outcome.append(error.code)
        return outcome

    assert run(1) == run(1)
    assert run(1) != run(2)
    assert {"x", "axis-fault", "axis-unreachable"} == set(run(1))


def test_no_faults_change_nothing(in_process, clock, make_envelope):
    road = FaultyGateway(in_process("stttt", "H55.07"), 1, Faults(), clock)
    road.send(EDOC, write(make_envelope()))
    receiver = FaultyGateway(in_process("ubnd", "H55"), 1, Faults(), clock)
    (arrival,) = receiver.list_received(EDOC)
    assert read(receiver.fetch(arrival.packet_id)) == make_envelope()
    receiver.confirm(arrival.packet_id, Outcome.DONE)
    assert receiver.list_received(EDOC) == []
    assert sum((road.injected + receiver.injected).values()) == 0


def test_delayed_packets_show_up_when_the_clock_says_so(in_process, clock, make_envelope):
    in_process("stttt", "H55.07").send(EDOC, write(make_envelope()))
    slow = Faults(longest_delay=timedelta(days=1))
    receiver = FaultyGateway(in_process("ubnd", "H55"), 3, slow, clock)
    assert receiver.list_received(EDOC) == []
    clock.at += timedelta(days=1)
    assert len(receiver.list_received(EDOC)) == 1
