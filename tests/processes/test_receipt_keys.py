"""Which key signs a partner's receipts: the first that is seen; another asks for somebody's word."""

from datetime import UTC, datetime

import pytest
from click.testing import CliRunner, Result
from lxml import etree
from story import Story, letter

from engine.jobs import Incident
from office.cli import main
from office.journal_key import journal_key
from processes.delivery.receipt import NAMESPACE, examine_receipts, take_receipt
from processes.delivery.receipt_keys import MATCHES, OTHER_KEY, RECEIPT_JOB
from records.receipt_key import KeyOrigin, ReceiptKey
from records.transfer import Direction, Packet, SignedReceipt
from signing.xml import sign_xml


@pytest.fixture(scope="module")
def other(tmp_path_factory):
    """The key of another installation."""
    return journal_key(tmp_path_factory.mktemp("other")).keystore


@pytest.fixture(scope="module")
def sent(story_office: Story) -> Packet:
    document = letter(story_office, subject="khóa biên nhận", to=("UBND",))
    story_office.work()
    return packet_of(story_office, document)


def packet_of(story: Story, document) -> Packet:
    of = (Packet.outgoing_document_id == document, Packet.direction == Direction.OUT)
    return story.one(Packet, *of)


def verdict(story: Story, packet: Packet) -> str:
    return story.one(SignedReceipt, SignedReceipt.of_packet_id == packet.id).verdict


def open_incidents(story: Story) -> list[Incident]:
    return list(story.all(Incident, Incident.kind == RECEIPT_JOB, Incident.closed_at.is_(None)))


def come(story: Story, packet: Packet, key) -> str:
    """Have a true receipt for a packet come, signed with `key`, as if none had come; its verdict."""
    story.run_sql("DELETE FROM delivery_receipt WHERE of_packet_id = %s", packet.id)
    story.run_sql("DELETE FROM job WHERE kind = %s AND state = 'done'", RECEIPT_JOB)
    root = etree.Element(f"{{{NAMESPACE}}}receipt", nsmap={"r": NAMESPACE})
    for name, value in (("send", str(packet.send_id)), ("sha256", packet.sha256)):
        etree.SubElement(root, f"{{{NAMESPACE}}}{name}").text = value
    [given] = examine_receipts(
        story.means, [sign_xml(etree.tostring(root), key)], datetime.now(UTC)
    )
    with story.as_("vanthu.stttt") as tx:
        take_receipt(tx, story.means, given, packet.to_code)
    story.work(poll=False)
    return verdict(story, packet)


@pytest.fixture
def command(story_office, monkeypatch):
    monkeypatch.setenv("DATABASE_URL", story_office.office.settings.database_url)
    monkeypatch.setenv("CONGVAN_DATA", str(story_office.office.settings.data))

    def run(*words: str) -> Result:
        return CliRunner().invoke(main, ["receipt-key", *words])

    return run


def test_the_first_key_counts_and_another_is_an_incident_until_confirmed(
    story_office, sent, other, command
):
    story = story_office
    [first] = story.all(ReceiptKey)
    assert (first.origin, first.partner) == (KeyOrigin.FIRST, sent.to_code.upper())
    receipt = story.one(SignedReceipt, SignedReceipt.of_packet_id == sent.id)
    assert (receipt.verdict, receipt.fingerprint) == (MATCHES, first.fingerprint)
    assert come(story, sent, other) == OTHER_KEY
    assert len(story.all(ReceiptKey)) == 1
    [incident] = open_incidents(story)
    new = story.one(SignedReceipt, SignedReceipt.of_packet_id == sent.id).fingerprint
    assert f"congvan receipt-key trust {sent.to_code} {new}" in incident.error
    listed = command().output
    assert first.fingerprint in listed
    assert f"{sent.to_code}  {new}" in listed
    assert "CHỜ XÁC NHẬN" in listed
    # somebody asked, and the key is theirs
    told = command("trust", sent.to_code, ":".join(new[n : n + 2] for n in range(0, 64, 2)).upper())
    assert told.exit_code == 0, told.output
    assert "1 biên nhận" in told.output
    assert verdict(story, sent) == MATCHES
    story.work(poll=False)
    assert open_incidents(story) == []
    assert "CHỜ XÁC NHẬN" not in command().output
    acts = "SELECT count(*) FROM journal_leaf WHERE body LIKE %s"
    assert story.rows(acts, "%trust_receipt_key%") == [(1,)]
    assert come(story, sent, other) == MATCHES  # and so is the next


def test_a_key_that_was_lost_is_no_longer_believed(story_office, sent, other, command):
    story = story_office
    assert come(story, sent, other) == MATCHES
    used = story.one(SignedReceipt, SignedReceipt.of_packet_id == sent.id).fingerprint
    assert command("distrust", sent.to_code, used).exit_code == 0
    assert verdict(story, sent) == MATCHES  # what was judged stays
    assert come(story, sent, other) == OTHER_KEY
    [_] = open_incidents(story)
    # a receipt with the known key ends it by itself
    assert come_known(story, sent) == MATCHES
    assert open_incidents(story) == []


def come_known(story: Story, packet: Packet) -> str:
    return come(story, packet, story.means.receipt_key())


def test_a_key_entered_beforehand_leaves_no_room_for_the_first_comer(
    story_office, sent, other, command
):
    story = story_office
    story.run_sql("DELETE FROM receipt_key")
    assert command("trust", sent.to_code, "ab" * 32).exit_code == 0
    assert come_known(story, sent) == OTHER_KEY
    assert come(story, sent, other) == OTHER_KEY


@pytest.mark.parametrize("given", ["", "ab", "zz" * 32, "ab" * 33])
def test_what_is_no_fingerprint_is_refused_with_words(command, sent, given):
    told = command("trust", sent.to_code, given)
    assert told.exit_code != 0
    assert "SHA-256" in told.output


def test_a_key_nobody_knows_cannot_be_dropped(command, sent):
    told = command("distrust", sent.to_code, "cd" * 32)
    assert told.exit_code != 0
    assert "khóa ký biên nhận" in told.output
