"""A signature on the envelope is read, kept and told, and never a condition of acceptance."""

import json

from story import PASSWORD, Story, envelope_from

from exchange import edxml
from exchange.gateway import MessageType
from processes.delivery.gateway import gateway_of
from records.document import IncomingDocument
from records.transfer import Packet
from records.vocabulary import Authenticity, IncomingStatus
from signing.keystores.pkcs12 import Pkcs12KeyStore
from signing.xml import sign_xml


def signed(story: Story, number: str) -> bytes:
    """Return an envelope of Sở Tài chính with its own signature, as a system of its may write it."""
    path = story.office.settings.data / "signing" / "keystores" / f"{story.agency('STC')}.p12"
    keystore = Pkcs12KeyStore(path.read_bytes(), PASSWORD)
    data = edxml.write(envelope_from(story, "STC", number))
    return sign_xml(data, keystore, parent="edXMLHeader")


def arrive(story: Story, number: str, data: bytes) -> tuple[IncomingDocument, Packet, object]:
    gateway = gateway_of(story.means, story.agency("STC"), story.code("STC"))
    gateway.send(MessageType.EDOC, data, ())
    story.work()
    document = story.incoming("STTTT", code_number=number)
    packet = story.one(
        Packet, Packet.incoming_document_id == document.id, Packet.message_type == "edoc"
    )
    [leaf] = story.rows(
        "SELECT body FROM journal_leaf WHERE act = 'accept_envelope' AND object_id = %s",
        document.id,
    )
    return document, packet, json.loads(bytes(leaf[0]))["facts"]["envelope"]


def test_a_signed_envelope_is_told_with_its_signer(story_office):
    document, packet, facts = arrive(story_office, "701", signed(story_office, "701"))
    assert packet.note == "Chữ ký số trên gói tin của Sở Tài chính: hợp lệ"
    assert packet.note in document.description
    assert facts["verdict"] == "valid"
    assert len(facts["fingerprint"]) == 64
    # the envelope's signature says nothing of the document in it
    assert document.authenticity is Authenticity.UNSIGNED


def test_a_broken_signature_is_told_and_the_document_is_there(story_office):
    data = signed(story_office, "702").replace(
        "Công văn số 702".encode(), "Công văn số 7O2".encode()
    )
    document, packet, facts = arrive(story_office, "702", data)
    assert packet.note == "Chữ ký số trên gói tin: không hợp lệ (hash-failure)"
    assert facts["verdict"] == "invalid"
    assert document.status is IncomingStatus.RECEIVED


def test_an_unsigned_envelope_is_as_most_are(story_office):
    data = edxml.write(envelope_from(story_office, "STC", "703"))
    document, packet, facts = arrive(story_office, "703", data)
    assert (packet.note, document.description, facts) == ("", "", None)
