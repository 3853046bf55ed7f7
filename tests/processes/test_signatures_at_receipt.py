"""What comes by mail, from another system or on paper is examined like what is exchanged (5.1, 7.1)."""

from collections.abc import Sequence
from uuid import UUID

import pytest
from story import Story, blank_pdf, letter, word_file

from processes.incoming.check_authenticity import ReasonNeeded, SignaturesUnchecked
from processes.incoming.receive import ReceiveIncoming, receive
from processes.order import Upload
from processes.outgoing.paper import current_paper
from processes.verify import conclude, examine_pdf
from records.content import File
from records.document import IncomingDocument, OutgoingDocument
from records.verification import SignatureCheck
from records.vocabulary import Authenticity, Channel, FileKind, IncomingStatus

CLERK = "vanthu.ubnd"


@pytest.fixture(scope="module")
def sealed(story_office: Story) -> bytes:
    """A công văn of Sở TT&TT with its three signatures, as somebody may send it by e-mail."""
    document = letter(story_office, "issue", subject="gửi qua thư điện tử")
    with story_office.office.database.transaction() as tx:
        paper = current_paper(tx, tx.get(OutgoingDocument, document))
        return story_office.means.content.read(paper.file.sha256)


def forged(pdf: bytes) -> bytes:
    at = pdf.index(b"/MediaBox") + 12
    return pdf[:at] + bytes([pdf[at] ^ 1]) + pdf[at + 1 :]


def received(story: Story, channel: Channel, contents: Sequence[bytes]) -> UUID:
    uploads = [
        Upload(f"tep-{place}", story.means.content.put(content))
        for place, content in enumerate(contents, start=1)
    ]
    with story.as_(CLERK) as tx:
        command = ReceiveIncoming(channel, "Sở Tài chính", "báo cáo", files=uploads)
        document, _ = receive(tx, story.means, command)
    return document.id


def told(story: Story, document: UUID) -> IncomingDocument:
    return story.one(IncomingDocument, IncomingDocument.id == document)


def verdicts(story: Story, document: UUID) -> dict[str, Authenticity]:
    """The newest verdict on each file that has one."""
    files = story.all(File, File.incoming_document_id == document)
    checks = {c.file_id: c.verdict for c in story.all(SignatureCheck)}
    return {f.name: checks[f.id] for f in files if f.id in checks}


def take(story: Story, document: UUID, outcome: str = "accept", **values) -> None:
    story.do(CLERK, "check", of=document, outcome=outcome, **values)


ELECTRONIC = [Channel.MAIL, Channel.OTHER_SYSTEM]


@pytest.mark.parametrize("channel", ELECTRONIC)
def test_a_signed_document_is_valid_wherever_it_came_from(story_office, sealed, channel):
    story = story_office
    document = received(story, channel, [sealed])
    with pytest.raises(SignaturesUnchecked) as refused:  # nobody knows yet, so nobody says so
        take(story, document)
    assert "đang kiểm tra chữ ký số" in refused.value.text("vi")
    story.work(poll=False)
    assert told(story, document).authenticity is Authenticity.VALID
    (check,) = story.all(
        SignatureCheck,
        SignatureCheck.file_id == story.one(File, File.incoming_document_id == document).id,
    )
    assert '"Đỗ Xuân Hòa"' in check.report
    take(story, document)
    assert told(story, document).authenticity_reason == ""


def test_what_was_altered_on_the_way_is_not_taken_without_a_word(story_office, sealed):
    story = story_office
    document = received(story, Channel.MAIL, [forged(sealed)])
    story.work(poll=False)
    assert told(story, document).authenticity is Authenticity.INVALID
    with pytest.raises(ReasonNeeded):
        take(story, document)
    take(story, document, "return", reason="Chữ ký số không hợp lệ")
    assert told(story, document).status is IncomingStatus.REFUSED


@pytest.mark.parametrize("channel", ELECTRONIC)
def test_an_unsigned_file_is_found_unsigned(story_office, channel):
    story = story_office
    document = received(story, channel, [blank_pdf(channel.value)])
    story.work(poll=False)
    assert told(story, document).authenticity is Authenticity.UNSIGNED
    with pytest.raises(ReasonNeeded):
        take(story, document)
    take(story, document, "accept_unsigned", reason="Đã gọi điện xác minh")


@pytest.mark.parametrize("contents", [[], [word_file("thư")]], ids=["no file", "Word"])
def test_what_is_no_pdf_bears_no_signature_from_the_start(story_office, contents):
    document = received(story_office, Channel.MAIL, contents)
    assert told(story_office, document).authenticity is Authenticity.UNSIGNED


@pytest.mark.parametrize("channel", [Channel.POST, Channel.HAND, Channel.FAX])
def test_a_scan_without_signature_is_as_it_should_be(story_office, channel):
    story = story_office
    document = received(story, channel, [blank_pdf(channel.value)])
    story.work(poll=False)
    assert verdicts(story, document) == {"tep-1": Authenticity.UNSIGNED}
    take(story, document)  # without a reason: the paper is what counts
    kept = told(story, document)
    assert (kept.authenticity, kept.authenticity_reason) == (Authenticity.PAPER, "")


def test_paper_does_not_wait_for_the_worker(story_office):
    story = story_office
    document = received(story, Channel.POST, [blank_pdf("ngay")])
    take(story, document)
    story.work(poll=False)
    assert told(story, document).authenticity is Authenticity.PAPER
    assert verdicts(story, document) == {"tep-1": Authenticity.UNSIGNED}


def test_the_document_itself_is_judged_and_its_annexes_are_reported(story_office, sealed):
    story = story_office
    contents = [word_file("bản gốc"), sealed, forged(sealed), blank_pdf("phụ lục")]
    document = received(story, Channel.MAIL, contents)
    story.work(poll=False)
    assert told(story, document).authenticity is Authenticity.VALID
    assert verdicts(story, document) == {
        "tep-2": Authenticity.VALID,
        "tep-3": Authenticity.INVALID,
        "tep-4": Authenticity.UNSIGNED,
    }
    files = story.all(File, File.incoming_document_id == document)
    assert [f.name for f in files if f.kind is FileKind.MAIN] == ["tep-2"]
    assert {f.kind for f in files if f.name != "tep-2"} == {FileKind.ANNEX}


def test_a_reason_stands_in_where_the_worker_is_away(story_office, sealed):
    story = story_office
    document = received(story, Channel.MAIL, [sealed])
    take(story, document, "accept_unsigned", reason="Hệ thống kiểm tra đang dừng")
    assert told(story, document).authenticity is Authenticity.UNCHECKED
    story.work(poll=False)  # the truth comes later and is kept all the same
    kept = told(story, document)
    assert kept.authenticity is Authenticity.VALID
    assert kept.authenticity_reason == "Hệ thống kiểm tra đang dừng"


def test_a_later_check_changes_nothing_that_was_decided_upon(story_office, sealed):
    story = story_office
    document = received(story, Channel.MAIL, [sealed])
    story.work(poll=False)
    file = story.one(File, File.incoming_document_id == document)
    now = story.office.database.clock()
    with story.as_(CLERK) as tx:
        conclude(tx, tx.get(File, file.id), examine_pdf(story.means, blank_pdf("khác"), now))
    assert verdicts(story, document) == {"tep-1": Authenticity.UNSIGNED}  # the newest, on record
    assert told(story, document).authenticity is Authenticity.VALID
