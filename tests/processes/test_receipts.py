"""A receiver of ours signs for what came; the sender holds it against what it sent."""

import hashlib
import io
import json
import subprocess
import sys
import zipfile
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import unquote
from uuid import uuid4

import pytest
import xmlsec
from click.testing import CliRunner
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import load_der_x509_certificate
from lxml import etree
from sample_messages import DOCUMENT
from signxml.xades import XAdESVerifier
from story import Story, envelope_from, letter, send

from engine.errors import NotFound
from engine.jobs import Incident
from exchange import edxml
from exchange.content_digest import content_digest
from exchange.mark import receipts_of
from office.cli import main
from processes.delivery.receipt import (
    DIFFERS,
    FORGED,
    NAMESPACE,
    examine_receipts,
    take_receipt,
)
from processes.delivery.receipt_keys import MATCHES, RECEIPT_JOB
from processes.evidence.bundle import VERIFIER
from processes.evidence.exchange import make_exchange
from processes.evidence.package import Bundle
from records import seal
from records.authority import NoRight
from records.transfer import Direction, Packet, SignedReceipt, StatusReceived
from signing.xml import sign_xml
from signing.xml_signature import ds


@pytest.fixture(scope="module")
def sent(story_office: Story) -> Packet:
    """A letter that arrived at one agency; the packet of it as its sender keeps it."""
    document = letter(story_office, subject="có biên nhận", to=("UBND",))
    story_office.work()
    return story_office.one(
        Packet, Packet.outgoing_document_id == document, Packet.direction == Direction.OUT
    )


def receipts(story: Story, direction: Direction) -> list[SignedReceipt]:
    return list(story.all(SignedReceipt, SignedReceipt.direction == direction))


def key_of(story: Story):
    return story.means.receipt_key()


def read(body: bytes) -> dict[str, str]:
    return {etree.QName(one).localname: one.text or "" for one in etree.fromstring(body)}


def test_both_sides_keep_the_same_receipt_and_a_stranger_can_check_it(story_office, sent):
    (given,) = receipts(story_office, Direction.IN)
    (got,) = receipts(story_office, Direction.OUT)
    assert given.body == got.body
    assert (got.verdict, got.of_packet_id) == (MATCHES, sent.id)
    facts = read(got.body)
    assert facts["sha256"] == sent.sha256
    assert facts["send"] == str(sent.send_id)
    assert facts["receiver"] == sent.to_code
    assert datetime.fromisoformat(facts["received"]) <= datetime.now(UTC)
    certificate = load_der_x509_certificate(key_of(story_office).certificate())
    assert got.fingerprint in certificate.fingerprint(certificate.signature_hash_algorithm).hex()
    xmlsec_verify(got.body, certificate.public_bytes(Encoding.PEM))
    other = got.body.replace(b">H55.07<", b">H55.08<", 1)
    assert other != got.body
    with pytest.raises(xmlsec.Error):
        xmlsec_verify(other, certificate.public_bytes(Encoding.PEM))


def xmlsec_verify(body: bytes, certificate: bytes) -> None:
    root = etree.fromstring(body)
    manager = xmlsec.KeysManager()
    manager.load_cert_from_memory(
        certificate, xmlsec.KeyFormat.PEM, xmlsec.constants.KeyDataTypeTrusted
    )
    [signature] = root.iter(ds("Signature"))
    xmlsec.SignatureContext(manager).verify(signature)


def test_plain_clients_read_the_report_that_carries_it_as_any_other(story_office, sent):
    (report,) = [
        p
        for p in story_office.all(Packet, Packet.message_type == "status")
        if p.direction is Direction.IN
    ]
    data = story_office.means.content.read(report.sha256)
    (body,) = receipts_of(data)
    assert body == receipts(story_office, Direction.OUT)[0].body
    message = edxml.read(data)
    assert message.code.value == "01"
    assert message.original.unknown == ()
    assert len(story_office.all(StatusReceived)) == 1


def test_what_comes_from_others_is_not_receipted(story_office, sent):
    before = len(story_office.all(SignedReceipt))
    send(story_office, "STC", envelope_from(story_office, "STC", "901"))
    story_office.work()
    assert len(story_office.all(SignedReceipt)) == before


def receipt_of(story: Story, packet: Packet, **changes: str) -> bytes:
    """A receipt of the receiver's installation that says something else."""
    (good,) = [
        r for r in receipts(story, Direction.IN) if read(r.body)["send"] == str(packet.send_id)
    ]
    root = etree.Element(f"{{{NAMESPACE}}}receipt", nsmap={"r": NAMESPACE})
    for name, value in {**read(good.body), **changes}.items():
        if name != "Signature":
            etree.SubElement(root, f"{{{NAMESPACE}}}{name}").text = value
    return sign_xml(etree.tostring(root), key_of(story))


def come(story: Story, body: bytes, sender: str) -> None:
    """Have a receipt come in a report of `sender`."""
    (given,) = examine_receipts(story.means, [body], datetime.now(UTC))
    with story.as_("vanthu.stttt") as tx:
        take_receipt(tx, story.means, given, sender)


def again(story: Story, packet: Packet) -> SignedReceipt:
    return story.one(SignedReceipt, SignedReceipt.of_packet_id == packet.id)


def test_a_receipt_that_does_not_hold_is_an_incident_and_a_good_one_ends_it(story_office, sent):
    story = story_office
    good = again(story, sent).body
    story.run_sql("DELETE FROM delivery_receipt WHERE of_packet_id = %s", sent.id)
    other = receipt_of(story, sent, sha256="0" * 64, content="1" * 64)
    come(story, other, "H55.99")  # not whom it was sent to
    come(story, receipt_of(story, sent, send=str(uuid4())), sent.to_code)  # nothing of ours
    assert story.all(SignedReceipt, SignedReceipt.of_packet_id == sent.id) == []
    come(story, other.replace(b"0" * 64, b"2" * 64), sent.to_code)
    assert again(story, sent).verdict == FORGED
    come(story, other, sent.to_code)
    assert again(story, sent).verdict == DIFFERS
    story.work(poll=False)
    incident = story.one(Incident, Incident.kind == RECEIPT_JOB)
    assert (incident.agency_id, sent.sha256 in incident.error) == (sent.agency_id, True)
    come(story, good, sent.to_code)
    come(story, other, sent.to_code)  # what once held stays
    assert again(story, sent).verdict == MATCHES
    story.work(poll=False)
    assert story.all(Incident, Incident.kind == RECEIPT_JOB, Incident.closed_at.is_(None)) == []


def test_a_hop_that_an_intermediary_adds_changes_no_content():
    hop = "<edXML:TraceHeader><edXML:OrganId>00.29.W00</edXML:OrganId></edXML:TraceHeader>\n"
    more = DOCUMENT.replace("<edXML:Bussiness>", f"{hop}<edXML:Bussiness>", 1)
    assert more != DOCUMENT
    assert content_digest(more.encode()) == content_digest(DOCUMENT.encode())
    other = DOCUMENT.replace("góp ý", "gốp ý", 1)
    assert content_digest(other.encode()) != content_digest(DOCUMENT.encode())


# -- evidence of an exchange ------------------------------------------------------------------------


def evidence_of(story: Story, packet: Packet) -> Bundle:
    with story.as_("thanhtra", "STTTT") as tx, story.office.database.session() as session:
        return make_exchange(tx, session, story.means, packet.id)


@pytest.fixture(scope="module")
def made(story_office: Story, sent: Packet) -> Bundle:
    with story_office.office.database.transaction() as tx:
        seal.seal(tx)
    return evidence_of(story_office, sent)


def run(path: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Check it as a stranger would: bare Python, nothing of ours on its path."""
    program = [sys.executable, "-I", str(VERIFIER), str(path), *words]
    return subprocess.run(
        program, capture_output=True, text=True, cwd="/", timeout=60, check=False,
        env={"PYTHONIOENCODING": "utf-8"},
    )  # fmt: skip


def test_the_evidence_holds_all_that_is_known_and_verifies_offline(
    story_office, sent, made, tmp_path
):
    file = tmp_path / made.name
    file.write_bytes(made.content)
    told = run(file, "--manifest", made.manifest)
    assert told.returncode == 0, told.stdout + told.stderr
    with zipfile.ZipFile(io.BytesIO(made.content)) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    assert hashlib.sha256(members["message.edxml"]).hexdigest() == sent.sha256
    assert read(members["receipt-1.xml"])["send"] == str(sent.send_id)
    facts = json.loads(members["exchange.json"])
    assert facts["packet"]["send_id"] == str(sent.send_id)
    assert [one["outcome"] for one in facts["attempts"]] == ["sent"]
    assert [one["code"] for one in facts["statuses"]] == ["01"]
    assert [one["verdict"] for one in facts["receipts"]] == [MATCHES]
    assert [one["state"] for one in facts["axis"]] == ["done"]
    leaves = [json.loads(one["body"]) for one in json.loads(members["journal.json"])["leaves"]]
    assert {"send_envelope", "receive_status"} <= {one["act"] for one in leaves}


def test_signxml_agrees_with_the_container(story_office, made):
    with zipfile.ZipFile(io.BytesIO(made.content)) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    certificate = load_der_x509_certificate(story_office.means.journal_key().keystore.certificate())
    pem = certificate.public_bytes(Encoding.PEM).decode()

    def check(changed: dict[str, bytes]) -> int:
        found = XAdESVerifier().verify(
            members["META-INF/signatures.xml"], x509_cert=pem,
            uri_resolver=lambda uri: {**members, **changed}[unquote(uri)],
            expect_references=len(members),
        )  # fmt: skip
        return len(found)

    # each file, the listing, and two properties of the signature
    assert check({}) == len(members)
    with pytest.raises(Exception, match="Digest"):
        check({"message.edxml": members["message.edxml"] + b" "})


@pytest.mark.parametrize("name", ["message.edxml", "receipt-1.xml", "exchange.json"])
def test_one_changed_byte_is_named(made, tmp_path, name):
    with zipfile.ZipFile(io.BytesIO(made.content)) as archive:
        archive.extractall(tmp_path)
    file = tmp_path / name
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(data)
    told = run(tmp_path)
    assert told.returncode == 1
    assert f"{name}: bị thay đổi, byte " in told.stdout


def test_it_is_had_by_the_command_and_on_the_page_by_whoever_may(
    story_office, sent, tmp_path, monkeypatch
):
    monkeypatch.setenv("DATABASE_URL", story_office.office.settings.database_url)
    monkeypatch.setenv("CONGVAN_DATA", str(story_office.office.settings.data))
    file = tmp_path / "b.asice"
    told = CliRunner().invoke(main, ["evidence", str(sent.id), "--out", str(file)])
    assert told.exit_code == 0, told.output
    assert run(file).returncode == 0
    unknown = CliRunner().invoke(main, ["evidence", str(uuid4()), "--out", str(file)])
    assert unknown.exit_code != 0
    for user in (("chuyenvien.stttt", ""), ("vanthu.stc", "")):
        with (
            story_office.as_(*user) as tx,
            story_office.office.database.session() as session,
            pytest.raises((NoRight, NotFound)),
        ):
            make_exchange(tx, session, story_office.means, sent.id)
