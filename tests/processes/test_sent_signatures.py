"""What leaves bears the installation's signature where the axis asks, or does not leave."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
import xmlsec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import load_der_x509_certificate
from lxml import etree
from story import PASSWORD, Story, letter

from engine import jobs
from engine.database import Acting
from exchange import edxml
from exchange.errors import Unreachable
from exchange.gateway import Gateway, MessageType
from exchange.mark import put_marks, send_id_of
from office.axis_key import axis_key, envelope_signer, look_at_axis_key
from office.finding import Level
from office.office import OLDEST_BACKUP, Office
from office.runner import Runner
from office.settings import AxisSignature
from processes.delivery.contact import contact_of
from processes.delivery.departure import keep_packet
from processes.delivery.gateway import gateway_of
from processes.delivery.send import envelope_of
from processes.envelope_signature import EnvelopeNotSigned
from processes.outgoing.issue import SEND_JOB
from records.content import ContentMissing
from records.document import OutgoingDocument
from records.recipient import Recipient
from records.transfer import Carriage, Direction, Packet
from records.vocabulary import Delivery
from signing.presign import check_certificate
from signing.xml_signature import XADES, ds

STRANGER = "stranger"
SUBJECT = "báo cáo có chữ ký trên gói tin"


def lay(story: Story, holder: str, *, mode: int = 0o600, secret: str = f"{PASSWORD}\n") -> Path:
    """Put a key of the demonstration's authority where the installation's own is looked for."""
    axis_key.cache_clear()
    data = story.office.settings.data
    keys = data / "keys"
    keys.mkdir(exist_ok=True)
    source = data / "signing" / "keystores" / f"{holder}.p12"
    (keys / "axis.p12").write_bytes(source.read_bytes())
    passphrase = keys / "axis.pass"
    passphrase.write_text(secret)
    passphrase.chmod(mode)
    return keys


def keys_of(story: Story) -> Path:
    return story.office.settings.data / "keys"


def changed(data: bytes) -> bytes:
    """One letter of the subject another."""
    other = data.replace("có chữ ký trên".encode(), "có chữ kỷ trên".encode(), 1)
    assert other != data
    return other


class Road:
    """The real road to the axis: what was sent on it, and what happens to that on the way."""

    def __init__(
        self, inner: Gateway, sent: list[bytes], lost: int = 0, change=bytes, *, arrives=True
    ) -> None:
        self.inner, self.sent, self.lost = inner, sent, lost
        self.change, self.arrives = change, arrives

    def __getattr__(self, name: str):
        return getattr(self.inner, name)

    def send(self, message_type: MessageType, data: bytes, to: tuple[str, ...] = ()) -> str:
        if message_type is not MessageType.EDOC:
            return self.inner.send(message_type, data, to)
        self.sent.append(data)
        receipt = self.inner.send(message_type, self.change(data), to) if self.arrives else ""
        if len(self.sent) <= self.lost:
            raise Unreachable(operation="sendEdoc", reason="mất trả lời")
        return receipt


@contextmanager
def asking(story: Story, form: AxisSignature, sent: list[bytes], **road) -> Iterator[Story]:
    """Lend the installation under an axis that asks for this form of signature."""
    office = Office.open(replace(story.office.settings, axis_signature=form))
    inner = office.means

    def gateway(agency_id: UUID, code: str) -> Gateway:
        return Road(gateway_of(inner, agency_id, code), sent, **road)  # type: ignore[return-value]

    office = replace(office, means=replace(inner, gateway=gateway))
    try:
        yield Story(office, story.acting)
    finally:
        office.database.dispose()


def verify(story: Story, data: bytes, anchor: bytes = b"") -> etree._Element:
    """Have xmlsec verify the one signature; return it."""
    root = etree.fromstring(data)
    xmlsec.tree.add_ids(root, ["Id"])
    [signature] = root.iter(ds("Signature"))
    folder = story.office.settings.data / "signing" / "trust" / "anchors"
    manager = xmlsec.KeysManager()
    trusted = anchor or (folder / "root.pem").read_bytes()
    manager.load_cert_from_memory(
        trusted, xmlsec.KeyFormat.PEM, xmlsec.constants.KeyDataTypeTrusted
    )
    xmlsec.SignatureContext(manager).verify(signature)
    return signature


@pytest.fixture(scope="module")
def issued(story_office: Story) -> dict[str, UUID]:
    """One letter to three agencies, none of which it was sent to yet; its recipients."""
    document = letter(story_office, subject=SUBJECT, to=("UBND", "STC", "SNV"))
    story_office.run_sql("UPDATE job SET kind = 'held' WHERE kind = %s", SEND_JOB)
    codes = {story_office.code(symbol): symbol for symbol in ("UBND", "STC", "SNV")}
    return {codes[one.organ_code]: one.id for one in story_office.recipients(document)}


def release(story: Story, recipient: UUID, kind: str = SEND_JOB) -> None:
    """Let the envelope to this recipient go, or hold it again."""
    wanted = "UPDATE job SET kind = %s, run_at = created_at WHERE payload ->> 'recipient' = %s"
    assert story.run_sql(wanted, kind, str(recipient)) == 1


def packet(story: Story, agency: str, direction: Direction, kind: str = "edoc") -> Packet:
    of_agency = (Packet.agency_id == story.agency(agency), Packet.direction == direction)
    found = story.all(Packet, *of_agency, Packet.message_type == kind)
    return max(found, key=lambda one: one.id)


def test_a_letter_and_the_report_on_it_bear_the_signature(story_office, issued):
    sent: list[bytes] = []
    lay(story_office, str(story_office.agency("STTTT")))
    with asking(story_office, AxisSignature.XMLDSIG, sent) as story:
        release(story, issued["UBND"])
        story.work()
        [data] = sent
        signature = verify(story, data)
        assert signature.getparent().tag.endswith("edXMLHeader")
        with pytest.raises(xmlsec.Error):
            verify(story, changed(data))
        # the receiver has it byte for byte and says whose it is
        left, arrived = packet(story, "STTTT", Direction.OUT), packet(story, "UBND", Direction.IN)
        assert left.sha256 == arrived.sha256
        assert story.means.content.read(left.sha256) == data
        assert (left.result, bool(left.packet_id)) == ("sent", True)
        assert arrived.note.startswith("Chữ ký số trên gói tin của Sở Thông tin")
        assert arrived.note.endswith(": hợp lệ")
        # what the receiver reports back is signed too, and was understood
        report = packet(story, "UBND", Direction.OUT, "status")
        verify(story, story.means.content.read(report.sha256))
        recipient = story.one(Recipient, Recipient.id == issued["UBND"])
        assert recipient.delivery not in {Delivery.PENDING, Delivery.SENT, Delivery.FAILED}


def test_each_attempt_sends_the_same_bytes(story_office, issued):
    """With the time of signing in it a signature made anew would be another."""
    sent: list[bytes] = []
    lay(story_office, STRANGER)
    with asking(story_office, AxisSignature.XADES, sent, lost=2) as story:
        release(story, issued["STC"])
        story.work(hurry=True)
        assert len(sent) == 3
        assert len(set(sent)) == 1
        root = load_der_x509_certificate(axis_key(keys_of(story)).chain()[-1])
        signature = verify(story, sent[0], root.public_bytes(Encoding.PEM))
        assert signature.find(f".//{{{XADES}}}SigningTime") is not None
        # an authority we do not know is the axis's affair: it was sent, and told as it is
        assert "chưa xác định được (unknown-authority)" in packet(story, "STC", Direction.IN).note


def test_without_the_key_nothing_leaves_until_it_is_there(story_office, issued):
    """Sent at last, and a byte changed on its way is told where it arrives."""
    sent: list[bytes] = []
    (lay(story_office, STRANGER) / "axis.p12").unlink()
    with asking(story_office, AxisSignature.XMLDSIG, sent, change=changed) as story:
        release(story, issued["SNV"])
        before = story.value("SELECT count(*) FROM packet")
        story.work()
        [incident] = story.all(jobs.Incident, jobs.Incident.closed_at.is_(None))
        assert "chưa có keys/axis.p12" in incident.error
        assert "keys/axis.p12 is missing" in incident.error
        recipient = story.one(Recipient, Recipient.id == issued["SNV"])
        assert recipient.delivery is Delivery.FAILED
        assert "chưa có keys/axis.p12" in recipient.delivery_reason
        assert (sent, story.value("SELECT count(*) FROM packet")) == ([], before)
        lay(story, str(story.agency("STTTT")))
        with story.office.database.transaction() as tx:
            jobs.retry(tx, tx.get(jobs.Incident, incident.id))
        story.work(hurry=True)
        verify(story, sent[0])
        note = packet(story, "SNV", Direction.IN).note
        assert note == "Chữ ký số trên gói tin: không hợp lệ (hash-failure)"


def test_an_axis_that_asks_for_none_gets_the_bytes_as_they_are_written(story_office, issued):
    sent: list[bytes] = []
    lay(story_office, STRANGER)
    recipient = issued["SNV"]
    with asking(story_office, AxisSignature.NONE, sent, lost=9, arrives=False) as story:
        with story.office.database.transaction() as tx:
            to = tx.get(Recipient, recipient)
            document = tx.get(OutgoingDocument, to.outgoing_document_id)
            envelope = envelope_of(tx, story.means, document, to)
            staff = contact_of(tx, document, None)
            named = replace(envelope, business=replace(envelope.business, staff=staff))
            written = edxml.write(named)
        for _ in range(2):
            with story.office.database.transaction(Acting(agency_id=document.agency_id)) as tx:
                key = f"envelope:{recipient}"
                for beside in ("delivery_attempt", "delivery_receipt"):
                    tx.execute(
                        f"DELETE FROM {beside} WHERE of_packet_id IN"
                        " (SELECT id FROM packet WHERE send_key = %s)",
                        key,
                    )
                tx.execute("DELETE FROM packet WHERE send_key = %s", key)
                jobs.post(tx, SEND_JOB, {"recipient": str(recipient)})
            runner = Runner(story.office.database, story.office.handlers(), name="once")
            for job in runner.claim(8):
                runner.carry_out(job)
        # nothing but the id of the sending is added, the same on each attempt
        ids = [send_id_of(one) for one in sent]
        assert [one == put_marks(written, of) for one, of in zip(sent, ids, strict=True)] == [
            True
        ] * 2
        assert len(set(ids)) == 1
        assert b"Signature" not in written
        story.run_sql("DELETE FROM job WHERE kind = %s AND state = 'ready'", SEND_JOB)


def test_the_bytes_of_packets_are_not_swept_away(story_office):
    """What is to be sent again after any time, and what arrived and could not be read."""
    content = story_office.means.content
    kept, stray = (keep_packet(story_office.means, data) for data in (b"goi tin", b"thua"))
    agency = story_office.agency("STC")
    with story_office.office.database.transaction(Acting(agency_id=agency)) as tx:
        tx.add(
            Packet(
                agency_id=agency, direction=Direction.IN, message_type="edoc",
                packet_id="swept", sha256=kept.sha256, size=kept.size, at=tx.now,
                state=Carriage.RECEIVED,
            )
        )  # fmt: skip
    later = datetime.now(UTC) + OLDEST_BACKUP + timedelta(days=1)
    with story_office.reopened(clock=lambda: later) as s, s.office.database.transaction() as tx:
        s.office._sweep_content(tx)
    assert content.read(kept.sha256) == b"goi tin"
    with pytest.raises(ContentMissing):
        content.read(stray.sha256)


# -- the key ---------------------------------------------------------------------------------------


def signer_of(story: Story):
    asked = replace(story.office.settings, axis_signature=AxisSignature.XMLDSIG)
    signer = envelope_signer(asked, story.means.signing.check_keystore)
    assert signer is not None
    return signer


@pytest.mark.parametrize(
    ("holder", "changes", "words"),
    [
        ("expired", {}, "hiệu lực"),
        ("revoked", {}, "thu hồi"),
        (STRANGER, {"mode": 0o640}, "chmod 600"),
        (STRANGER, {"secret": "mật khẩu sai"}, "sai mật khẩu"),
    ],
)
def test_a_key_that_may_not_sign_does_not(story_office, holder, changes, words):
    lay(story_office, holder, **changes)
    with pytest.raises(EnvelopeNotSigned) as refused:
        signer_of(story_office).key(datetime.now(UTC))
    assert words in refused.value.text("vi")
    assert "registered with the axis" in refused.value.text("en")
    told, error = "", refused.value
    while error is not None:
        told, error = f"{told} {error!r}", error.__cause__ or error.__context__
    assert PASSWORD not in told
    assert "mật khẩu sai" not in told


@pytest.mark.parametrize("name", ["axis.p12", "axis.pass"])
def test_a_file_that_is_no_key_is_said_to_be_none(story_office, name):
    keys = lay(story_office, STRANGER)
    (keys / name).write_bytes(b"\xff\x00")
    with pytest.raises(EnvelopeNotSigned, match=r"axis\.(p12|pass)"):
        signer_of(story_office).key(datetime.now(UTC))
    (keys / name).unlink()
    with pytest.raises(EnvelopeNotSigned, match=f"{name} is missing"):
        signer_of(story_office).key(datetime.now(UTC))


def test_the_doctor_tells_a_key_that_is_missing_or_ends(story_office):
    keys = lay(story_office, str(story_office.agency("STTTT")))
    told = story_office.office.settings
    asked = replace(told, axis_signature=AxisSignature.XMLDSIG)
    known = story_office.means.signing.known()

    def check(key, at: datetime) -> None:
        check_certificate(
            key.certificate(), key.chain(), trust=known.trust, revocation=known.revocation(), at=at
        )

    def look(at: datetime):
        [found] = look_at_axis_key(asked, check, at)
        return found

    now = datetime.now(UTC)
    assert look(now).level is Level.OK
    until = load_der_x509_certificate(axis_key(keys).certificate()).not_valid_after_utc
    ending = look(until - timedelta(days=10))
    assert (ending.level, f"{until:%Y-%m-%d}" in ending.vi) == (Level.NOTE, True)
    assert look(until + timedelta(days=1)).level is Level.PROBLEM
    axis_key.cache_clear()
    (keys / "axis.pass").unlink()
    assert look(now).level is Level.PROBLEM
    assert list(look_at_axis_key(told, check, now)) == []
