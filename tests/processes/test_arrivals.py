"""What arrives over the exchange: once, whole, judged, and never dropped without a word."""

from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256
from uuid import UUID

import psycopg
import pytest
import sqlalchemy as sa
from story import (
    Story,
    blank_pdf,
    carry_out,
    day,
    directing,
    envelope_from,
    incoming_letter,
    letter,
    registering,
    send,
    snapshot,
)

from engine import jobs
from engine.errors import StorageFull
from engine.handlers import Errand
from exchange import edxml
from exchange.envelope import Attachment, Code, Party, ResponseFor
from exchange.errors import AnswerTooLarge, MessageTooLarge
from exchange.gateway import Arrival, MessageType, Outcome
from exchange.status import StatusCode, StatusMessage
from forms.errors import FormInvalid
from office.runner import Runner
from processes.delivery import arrivals
from processes.incoming.check_authenticity import ReasonNeeded
from processes.incoming.duplicate import PossibleDuplicate
from records.content import File
from records.directive import AssignedTwice, AssigneeMissing, DeadlineMissing, DeadlinePast
from records.document import IncomingDocument
from records.file_error import FileTooLarge
from records.transfer import Packet, StatusReceived, StatusReport
from records.verification import SignatureCheck
from records.vocabulary import Authenticity, Delivery, IncomingStatus


def arrived(story: Story, number: str, agency: str = "STTTT") -> IncomingDocument:
    return story.incoming(agency, code_number=number)


def take(story: Story, number: str, **changes) -> IncomingDocument:
    """Have an unsigned document of Sở Tài chính arrive at Sở TT&TT."""
    send(story, "STC", envelope_from(story, "STC", number, **changes))
    story.work()
    return arrived(story, number)


# -- signed or not ---------------------------------------------------------------------------------


def test_an_unsigned_document_is_not_taken_without_a_word(story_office):
    story = story_office
    pdf = Attachment.of("11.pdf", blank_pdf("11"), "Văn bản chính")
    document = take(story, "11", attachments=(pdf,))
    (main,) = story.all(File, File.incoming_document_id == document.id)
    check = story.one(SignatureCheck, SignatureCheck.file_id == main.id)
    assert check.verdict is Authenticity.UNSIGNED
    assert document.authenticity is Authenticity.UNSIGNED
    story.login("vanthu.stttt")  # a login is written too
    before = snapshot(story)
    with pytest.raises(ReasonNeeded) as refused:
        story.do("vanthu.stttt", "check", of=document.id, outcome="accept")
    assert "không có chữ ký số hợp lệ" in refused.value.text()
    for outcome in ("accept_unsigned", "return"):
        with pytest.raises(FormInvalid):
            story.do("vanthu.stttt", "check", of=document.id, outcome=outcome)
        with pytest.raises(ReasonNeeded):  # nor where a diagram has another form
            carry_out(story, "vanthu.stttt", "check_authenticity", document.id, outcome=outcome)
    assert snapshot(story) == before


def test_an_unsigned_document_is_registered_with_the_reason_on_record(story_office):
    story = story_office
    document = take(story, "12")
    reason = "Đã xác minh qua điện thoại với Sở Tài chính"
    story.do("vanthu.stttt", "check", of=document.id, outcome="accept_unsigned", reason=reason)
    story.do(
        "vanthu.stttt",
        "register",
        of=document.id,
        **registering(document, story.kind("STTTT", "CV")),
    )
    kept = arrived(story, "12")
    assert kept.authenticity_reason == reason
    assert kept.authenticity is Authenticity.UNSIGNED
    assert kept.arrival_number is not None


def test_a_refusal_reaches_the_sender_with_its_reason(story_office):
    story = story_office
    document = letter(story, subject="gửi nhầm cơ quan", to=("STC",))
    story.work()
    here = story.incoming("STC", subject="gửi nhầm cơ quan")
    story.do("vanthu.stc", "check", of=here.id, outcome="return", reason="Không đúng thẩm quyền")
    story.work()
    (recipient,) = story.recipients(document)
    assert recipient.delivery is Delivery.REFUSED
    assert recipient.delivery_reason == "Không đúng thẩm quyền"
    codes = [s.code for s in story.all(StatusReceived, StatusReceived.recipient_id == recipient.id)]
    assert codes == ["01", "02"]
    refused = story.incoming("STC", subject="gửi nhầm cơ quan")
    assert refused.status is IncomingStatus.REFUSED
    assert refused.arrival_number is None


# -- once ------------------------------------------------------------------------------------------


def test_a_duplicate_is_warned_of_and_registered_only_when_confirmed(story_office):
    story = story_office
    first = incoming_letter(story, "present", code_number="77")
    number = story.one(IncomingDocument, IncomingDocument.id == first).arrival_number
    second = incoming_letter(story, "register", code_number="77")
    record = story.one(IncomingDocument, IncomingDocument.id == second)
    values = registering(record, story.kind("STTTT", "CV"))
    before = snapshot(story)
    with pytest.raises(PossibleDuplicate) as warned:
        story.do("vanthu.stttt", "register", of=second, **values)
    assert f"số đến {number}" in warned.value.text()
    assert snapshot(story) == before
    story.do("vanthu.stttt", "register", of=second, **values, confirm_duplicate=True)
    assert story.one(IncomingDocument, IncomingDocument.id == second).arrival_number == number + 1


def take_in_again(story: Story, packet_id: str, number: str) -> None:
    """Look at the axis once more as if the packet had not been confirmed."""
    story.run_sql("UPDATE axis_packet SET state = 'initial' WHERE packet_id = %s", packet_id)
    assert story.on_the_wire() == 1, number
    story.work()


def test_the_same_packet_twice_is_one_document(story_office):
    story = story_office
    document = take(story, "21")
    packet = story.one(
        Packet, Packet.incoming_document_id == document.id, Packet.message_type == "edoc"
    )
    take_in_again(story, packet.packet_id, "21")
    assert arrived(story, "21").id == document.id
    assert story.on_the_wire() == 0
    reports = story.all(StatusReport, StatusReport.incoming_document_id == document.id)
    assert [r.code for r in reports] == ["01"]


def test_the_same_document_in_another_packet_is_one_document(story_office):
    story = story_office
    envelope = envelope_from(story, "STC", "22")
    send(story, "STC", envelope)
    story.work()
    # Another system's axis would let the repeat through: other bytes, the same DocumentId.
    story.run_sql("DELETE FROM axis_sending")
    send(story, "STC", replace(envelope, subject="Công văn số 22 (gửi lại)"))
    story.work()
    assert len(story.all(IncomingDocument, IncomingDocument.code_number == "22")) == 1
    results = [
        p.result
        for p in story.all(Packet, Packet.message_type == "edoc", Packet.from_code == "H55.05")
    ]
    assert results[-2:] == ["accepted", "duplicate"]


def test_a_document_under_the_old_and_the_new_code_of_its_sender_is_one_document(story_office):
    story = story_office
    envelope = envelope_from(story, "UBND", "23")
    send(story, "UBND", envelope)
    story.work()
    story.run_sql("DELETE FROM axis_sending")
    send(story, "UBND", replace(envelope, sender=Party("000.00.00.H55", "UBND tỉnh Thái Nguyên")))
    story.work()
    assert len(story.all(IncomingDocument, IncomingDocument.code_number == "23")) == 1


def test_a_stranger_who_bears_anothers_identifier_does_not_keep_the_true_one_out(story_office):
    story = story_office
    true = envelope_from(story, "STC", "24")
    send(story, "SNV", replace(true, sender=Party("H55.03", "Sở Nội vụ"), subject="mạo danh"))
    story.work()
    send(story, "STC", true)
    story.work()
    both = story.all(IncomingDocument, IncomingDocument.code_number == "24")
    assert sorted(d.organ_code for d in both) == ["H55.03", "H55.05"]


def test_a_refused_document_may_come_again(story_office):
    story = story_office
    envelope = envelope_from(story, "STC", "25")
    send(story, "STC", envelope)
    story.work()
    story.do(
        "vanthu.stttt", "check", of=arrived(story, "25").id, outcome="return", reason="Thiếu trang"
    )
    story.run_sql("DELETE FROM axis_sending")
    send(story, "STC", replace(envelope, subject="Công văn số 25 (đủ trang)"))
    story.work()
    states = {d.status for d in story.all(IncomingDocument, IncomingDocument.code_number == "25")}
    assert states == {IncomingStatus.REFUSED, IncomingStatus.RECEIVED}


# -- what cannot be read ---------------------------------------------------------------------------


class OneParcel:
    """A road on which one packet lies: what an axis that checks nothing would hand over."""

    def __init__(self, data: bytes, packet_id: str) -> None:
        self.data = data
        self.packet_id = packet_id
        self.confirmed: list[tuple[Outcome, str]] = []

    def list_received(self, message_type: MessageType) -> list[Arrival]:
        if message_type is not MessageType.EDOC:
            return []
        return [Arrival(self.packet_id, message_type, "H55.05", "H55.07")]

    def fetch(self, packet_id: str) -> bytes:
        return self.data

    def confirm(self, packet_id: str, outcome: Outcome, description: str = "") -> None:
        self.confirmed.append((outcome, description))

    def send(self, message_type: MessageType, data: bytes, to: tuple[str, ...] = ()) -> str:
        raise AssertionError


def look_at(story: Story, gateway, agency: str = "STTTT") -> None:
    """Look at the axis once for one agency over another road."""
    job = jobs.ClaimedJob(UUID(int=1), arrivals.POLL_JOB, {}, story.agency(agency), 1, 6, "test")

    class Held(Errand):
        def transaction(self):  # the job row of a test is not needed
            return self.database.transaction(self.acting)

    job = replace(job, payload={"code": story.code(agency)})
    with story.reopened(gateway=lambda _agency, _code: gateway) as elsewhere:
        arrivals.poll(Held(elsewhere.office.database, job), job, elsewhere.means)


def unreadable(story: Story) -> dict[str, bytes]:
    good = edxml.write(envelope_from(story, "STC", "31"))
    body = good.index(b"ContentTransferEncoded")
    at = good.index(b">", body) + 1
    return {
        "doctype": good.replace(b"?>", b'?><!DOCTYPE edXML SYSTEM "file:///etc/passwd">', 1),
        "base64": good[:at] + b"!!" + good[at + 2 :],
        "cut": good[: len(good) // 2],
        "not XML": b"\x00\x01 khong phai XML",
        "a web page": b"<html><body>502 Bad Gateway</body></html>",
    }


@pytest.mark.parametrize("what", ["doctype", "base64", "cut", "not XML", "a web page"])
def test_an_unreadable_packet_is_kept_noted_and_confirmed_as_failed(story_office, what):
    story = story_office
    data = unreadable(story)[what]
    documents = len(story.all(IncomingDocument))
    gateway = OneParcel(data, f"hỏng-{what}")
    look_at(story, gateway)
    packet = story.one(Packet, Packet.packet_id == f"hỏng-{what}")
    assert packet.result == "refused"
    assert story.means.content.read(packet.sha256) == data  # every byte, for whoever asks later
    ((outcome, words),) = gateway.confirmed
    assert outcome is Outcome.FAIL
    assert words == packet.note[: len(words)]
    assert len(story.all(IncomingDocument)) == documents
    # seen again unchanged: failed again, noted once; mended: taken in
    look_at(story, gateway)
    assert [o for o, _ in gateway.confirmed] == [Outcome.FAIL, Outcome.FAIL]
    assert len(story.all(Packet, Packet.packet_id == f"hỏng-{what}")) == 1
    number = {"doctype": "301", "base64": "302", "cut": "303"}.get(what, f"30{len(what)}")
    mended = edxml.write(envelope_from(story, "STC", number))
    # what nobody knows stays in the bytes, and those stay as they came
    gateway.data = mended.replace(b"<edXML:Subject>", b"<edXML:Sao>x</edXML:Sao><edXML:Subject>")
    look_at(story, gateway)
    assert gateway.confirmed[-1][0] is Outcome.DONE
    kept = story.one(Packet, Packet.packet_id == f"hỏng-{what}").sha256
    assert kept == sha256(gateway.data).hexdigest()
    assert story.means.content.read(kept) == gateway.data
    assert (
        arrived(story, number).id
        == story.one(Packet, Packet.packet_id == f"hỏng-{what}").incoming_document_id
    )


class TooMuch(OneParcel):
    """A road on which one packet is larger than anybody here can hold."""

    def fetch(self, packet_id: str) -> bytes:
        raise self.error


@pytest.mark.parametrize(
    "error",
    [
        MessageTooLarge(what_vi="dung lượng gói tin (byte)", what_en="message bytes", limit=100),
        AnswerTooLarge(operation="getEdoc", limit=100),
        FileTooLarge(limit=100),
    ],
    ids=lambda error: error.code,
)
def test_a_packet_too_large_to_hold_is_noted_and_told_to_its_sender(story_office, error):
    story = story_office
    gateway = TooMuch(b"", f"quá lớn {error.code}")
    gateway.error = error
    look_at(story, gateway)
    look_at(story, gateway)
    packet = story.one(Packet, Packet.packet_id == f"quá lớn {error.code}")
    assert (packet.result, packet.size) == ("refused", 0)
    assert "100" in packet.note
    assert gateway.confirmed == [(Outcome.FAIL, packet.note)] * 2


def test_a_packet_that_cannot_be_taken_in_holds_up_no_other(story_office):
    """The disk is full for one of two; the other arrives, and the first one's turn comes again."""
    story = story_office

    class TwoParcels(OneParcel):
        full = True

        def list_received(self, message_type: MessageType) -> list[Arrival]:
            first = super().list_received(message_type)
            return [replace(a, packet_id=i) for a in first for i in ("đầy", "vừa")]

        def fetch(self, packet_id: str) -> bytes:
            if packet_id == "đầy" and self.full:
                raise StorageFull
            return edxml.write(envelope_from(story, "STC", "41" if packet_id == "đầy" else "42"))

    gateway = TwoParcels(b"", "")
    with pytest.raises(StorageFull):  # the job is tried again, and at last an incident
        look_at(story, gateway)
    assert arrived(story, "42").status is IncomingStatus.RECEIVED
    gateway.full = False
    look_at(story, gateway)
    assert arrived(story, "41").status is IncomingStatus.RECEIVED


def look(story: Story) -> list[jobs.ClaimedJob]:
    """Post the looks that are wanting and carry out those that are due."""
    runner = Runner(story.office.database, story.office.handlers(), name="story")
    with story.office.database.transaction() as tx:
        arrivals.post_polls(tx)
    found = runner.claim(50)
    for job in found:
        runner.carry_out(job)
    return found


LOOKS = "SELECT state, count(*) FROM job WHERE kind = 'poll_axis' GROUP BY 1"


def test_looks_at_the_axis_leave_no_rows_behind(story_office):
    story = story_office
    story.work()
    agencies = story.value("SELECT count(*) FROM agency WHERE is_tenant")
    for number in (51, 52, 53):
        send(story, "STC", envelope_from(story, "STC", str(number)))
        looks = [job for job in look(story) if job.kind == arrivals.POLL_JOB]
        assert len(looks) == agencies  # the control: there were such rows
        assert story.rows(LOOKS) == []
        assert arrived(story, str(number)).status is IncomingStatus.RECEIVED


class StuckParcel(OneParcel):
    """The disk is full whenever it is fetched."""

    def fetch(self, packet_id: str) -> bytes:
        raise StorageFull


class NoParcel(OneParcel):
    def list_received(self, message_type: MessageType) -> list[Arrival]:
        return []


def test_a_packet_that_stays_stuck_is_one_incident_until_an_operator_looks(story_office):
    story = story_office
    story.work()
    here = story.agency("STTTT")

    def incidents() -> list[bool]:
        """Of each, whether it is open."""
        listed = "SELECT closed_at IS NULL FROM incident WHERE kind = 'poll_axis' ORDER BY id"
        return [row[0] for row in story.rows(listed)]

    def hurry() -> None:
        story.run_sql("UPDATE job SET run_at = created_at WHERE state = 'ready'")

    def road(agency_id: UUID, _code: str) -> OneParcel:
        return StuckParcel(b"", "kẹt") if agency_id == here else NoParcel(b"", "")

    with story.reopened(gateway=road) as stuck:
        for _ in range(jobs.ATTEMPTS):
            look(stuck)
            hurry()
        assert incidents() == [True]
        # It goes on looking, for what else may come, but neither at once nor with a word each time.
        for _ in range(2):
            with stuck.office.database.transaction() as tx:
                arrivals.post_polls(tx)
                tx.flush()
                (next_look,) = tx.execute(
                    "SELECT run_at FROM job WHERE state = 'ready' AND kind = 'poll_axis'"
                    " AND agency_id = %s",
                    here,
                ).fetchone()
                assert next_look == tx.now + arrivals.STUCK_PAUSE
            hurry()
            assert here in {job.agency_id for job in look(stuck)}
        assert incidents() == [True]
        assert story.rows(LOOKS) == [("failed", 1)]
        # An operator who has it tried again in vain is told again.
        with story.office.database.transaction() as tx:
            (told,) = tx.scalars(
                sa.select(jobs.Incident).where(
                    jobs.Incident.kind == arrivals.POLL_JOB, jobs.Incident.closed_at.is_(None)
                )
            )
            jobs.retry(tx, told)
        for _ in range(jobs.ATTEMPTS):
            look(stuck)
            hurry()
        assert incidents() == [False, True]
    # Nothing waits any more: what is left are the failed job and its two incidents.
    story.run_sql("UPDATE job SET state = 'done', done_at = now() WHERE kind = 'poll_axis'")
    story.run_sql("UPDATE incident SET closed_at = now() WHERE kind = 'poll_axis'")


def test_fields_longer_than_the_law_allows_are_cut_and_said_so(story_office):
    story = story_office
    long = "9" * 11 + "8888"
    envelope = replace(
        envelope_from(story, "STC", "43"),
        code=Code("43", "STC-VP"),
    )
    text = edxml.write(envelope).decode().replace(">43<", f">{long}<", 1)
    gateway = OneParcel(text.encode(), "dài")
    look_at(story, gateway)
    assert gateway.confirmed[-1][0] is Outcome.DONE
    packet = story.one(Packet, Packet.packet_id == "dài")
    document = story.one(IncomingDocument, IncomingDocument.id == packet.incoming_document_id)
    assert document.code_number == long[:11]
    assert long in document.description


def test_a_file_the_store_refuses_is_named_and_the_rest_arrives(story_office):
    story = story_office
    envelope = envelope_from(story, "STC", "44")
    program = Attachment.of("cong-cu.exe", b"MZ\x90\x00 chuong trinh", "Kèm theo")
    send(story, "STC", replace(envelope, attachments=(*envelope.attachments, program)))
    story.work()
    document = arrived(story, "44")
    assert "Không nhận tệp cong-cu.exe" in document.description
    assert [f.name for f in story.all(File, File.incoming_document_id == document.id)] == [
        "44.docx"
    ]


# -- statuses --------------------------------------------------------------------------------------


def status_of(story: Story, document, code: StatusCode, receiver: str = "STC") -> StatusMessage:
    sent = story.outgoing(document)
    return StatusMessage(
        sender=Party(story.code(receiver), receiver),
        response=ResponseFor(sent.organ_code, sent.reference, sent.issued_on, sent.identifier),
        code=code,
        at=datetime.now(UTC),
        description=code.vi,
    )


def test_a_status_that_arrives_before_the_send_is_noted_stays(story_office):
    """The receiver was faster than our own second transaction."""
    story = story_office
    document = letter(story, "issue", subject="trạng thái đến trước", to=("STC",))
    story.do("vanthu.stttt", "issue", of=document, confirm=True)
    send(story, "STC", status_of(story, document, StatusCode.ACCEPTED), story.code("STTTT"))
    story.run_sql(
        "UPDATE job SET run_at = run_at + interval '1 hour' WHERE kind = 'send_envelope' AND state = 'ready'"
    )
    story.work()
    (recipient,) = story.recipients(document)
    assert recipient.delivery is Delivery.ACCEPTED
    story.work(hurry=True)
    (recipient,) = story.recipients(document)
    assert recipient.delivery is Delivery.ACCEPTED  # neither SENT nor 01 moves it back
    codes = [s.code for s in story.all(StatusReceived, StatusReceived.recipient_id == recipient.id)]
    assert sorted(codes) == ["01", "03"]


def test_statuses_out_of_order_and_twice_give_the_furthest(story_office):
    story = story_office
    document = letter(story, subject="trạng thái lộn xộn", to=("SNV",))
    story.work()
    for code in (
        StatusCode.PROCESSING,
        StatusCode.ACCEPTED,
        StatusCode.PROCESSING,
        StatusCode.ARRIVED,
    ):
        send(story, "SNV", status_of(story, document, code, "SNV"), story.code("STTTT"))
        story.work()
    (recipient,) = story.recipients(document)
    assert recipient.delivery is Delivery.IN_PROGRESS


def test_a_status_from_somebody_who_received_nothing_changes_nothing(story_office):
    story = story_office
    document = letter(story, subject="trạng thái của người lạ", to=("STC",))
    story.work()
    send(story, "SNV", status_of(story, document, StatusCode.REFUSED, "SNV"), story.code("STTTT"))
    story.work()
    (recipient,) = story.recipients(document)
    assert recipient.delivery is Delivery.ARRIVED
    assert story.all(Packet, Packet.message_type == "status")[-1].result == "unmatched"


def test_an_addressee_unknown_to_the_axis_is_a_visible_failure_and_an_incident(story_office):
    story = story_office
    document = letter(story, "issue", subject="nơi nhận lạ")
    story.run_sql(
        "UPDATE recipient SET organ_code = 'Z99.99' WHERE outgoing_document_id = %s", document
    )
    incidents = story.value("SELECT count(*) FROM incident")
    story.do("vanthu.stttt", "issue", of=document, confirm=True)
    story.work()
    (recipient,) = story.recipients(document)
    assert recipient.delivery is Delivery.FAILED
    assert "Z99.99" in recipient.delivery_reason
    assert story.value("SELECT count(*) FROM incident") == incidents + 1


def test_an_axis_that_stays_away_is_a_visible_failure_in_the_end(story_office):
    story = story_office
    document = letter(story, "issue", subject="trục không trả lời")
    story.do("vanthu.stttt", "issue", of=document, confirm=True)
    away = replace(story.means, axis_endpoint="http://127.0.0.1:9/axis")
    offline = Story(replace(story.office, means=away), story.acting)
    for attempt in range(1, story.means.sending.attempts + 1):
        (recipient,) = story.recipients(document)
        assert recipient.delivery is Delivery.PENDING, attempt
        offline.run_sql("UPDATE job SET run_at = created_at WHERE state = 'ready'")
        runner = Runner(offline.office.database, offline.office.handlers(), name="offline")
        for job in runner.claim(10):
            runner.carry_out(job)
    (recipient,) = story.recipients(document)
    assert recipient.delivery is Delivery.FAILED
    assert "Chưa kết nối được trục liên thông" in recipient.delivery_reason
    # an operator retries it when the axis is back
    with story.office.database.transaction() as tx:
        (open_one,) = tx.scalars(
            sa.select(jobs.Incident)
            .where(jobs.Incident.closed_at.is_(None), jobs.Incident.kind == "send_envelope")
            .order_by(jobs.Incident.id.desc())
            .limit(1)
        )
        jobs.retry(tx, open_one)
    story.work()
    (recipient,) = story.recipients(document)
    assert recipient.delivery is Delivery.ARRIVED


# -- directives ------------------------------------------------------------------------------------


def test_a_directive_names_one_lead_with_a_day_that_is_to_come(story_office):
    story = story_office
    document = incoming_letter(story, "direct")
    story.login("giamdoc.stttt")  # a login is written too
    before = snapshot(story)
    good = directing(story, ("TTBC",))
    wrong = {
        DeadlinePast: {"deadline": day(-1)},
        AssigneeMissing: {"lead_unit": None},
        AssignedTwice: {"cooperating": [{"unit": good["lead_unit"], "deadline": day(3)}]},
    }
    for error, change in wrong.items():
        with pytest.raises(error):
            story.do("giamdoc.stttt", "direct", of=document, **{**good, **change})
    for change in (
        {"deadline": None},
        {"cooperating": [{"unit": good["lead_unit"]}]},
    ):
        with pytest.raises(FormInvalid):
            story.do("giamdoc.stttt", "direct", of=document, **{**good, **change})
    with pytest.raises(FormInvalid):  # two leads: the form hides the unit where a person is named
        story.do(
            "giamdoc.stttt",
            "direct",
            of=document,
            **{**good, "lead_unit": [good["lead_unit"], story.unit("STTTT", "VP")]},
        )
    with pytest.raises(DeadlineMissing):
        carry_out(
            story,
            "giamdoc.stttt",
            "direct",
            document,
            lead_unit=good["lead_unit"],
            outcome="direct",
        )
    assert snapshot(story) == before
    assert story.standing(document) == ["direct"]


def test_the_database_itself_refuses_a_second_lead(story_office):
    story = story_office
    incoming_letter(story, "assign")
    with pytest.raises(psycopg.errors.UniqueViolation, match="one_lead"):
        story.run_sql(
            "INSERT INTO assignment SELECT (jsonb_populate_record(a, jsonb_build_object('id',"
            " gen_random_uuid()))).* FROM assignment a WHERE kind = 'lead' LIMIT 1"
        )
