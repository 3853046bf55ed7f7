"""The agency signs each annex that is a file of its own, and the scan of a paper that came in."""

import io
from uuid import UUID

import pikepdf
import pypdfium2
import pytest
import sqlalchemy as sa
from story import (
    PASSWORD,
    annexed,
    blank_pdf,
    incoming_letter,
    letter,
    registering,
    word_file,
)

from engine.errors import NotAllowed
from exchange import edxml
from processes.copying import (
    CopyDocument,
    NothingToCopy,
    NotYetRegistered,
    WholeIsElectronic,
    WrongPages,
    copy_document,
    possible_copies,
)
from processes.delivery.send import envelope_of
from processes.incoming.scan import NoScan
from records.content import File, attach_file, files_of
from records.document import IncomingDocument, OutgoingDocument
from records.vocabulary import Channel, FileKind
from signing.corner import CopyForm
from signing.errors import KeystoreRefused, NoRoom
from signing.report import DocumentReport, Verdict
from signing.role import SignRole
from signing.sandbox import validate_limited


def files(story, document: UUID, kind: FileKind) -> list[File]:
    column = File.outgoing_document_id
    if not story.all(OutgoingDocument, OutgoingDocument.id == document):
        column = File.incoming_document_id
    return list(story.all(File, column == document, File.kind == kind))


def report(story, file: File) -> DocumentReport:
    means, known = story.means, story.means.signing.known()
    with story.as_("vanthu.stttt") as tx:
        now = tx.now
    return validate_limited(
        means.content.read(file.sha256),
        trust=known.trust,
        revocation=known.revocation(),
        at=now,
    )


def shown(pdf: bytes) -> str:
    with pikepdf.open(io.BytesIO(pdf)) as document:
        return str(document.pages[0].Annots[0].T)


def test_each_annex_that_is_a_pdf_is_signed_with_the_seal_and_sent(story_office):
    story = story_office
    document = annexed(
        story, **{"bang so lieu.pdf": blank_pdf("1"), "danh sach.pdf": blank_pdf("2"),
                  "mau.docx": word_file("mẫu")}
    )  # fmt: skip
    assert files(story, document, FileKind.SIGNED_ANNEX) == []
    done = story.do("vanthu.stttt", "seal", of=document, confirm=True, pin=PASSWORD)
    assert done.summary == (
        "Đã ký số của cơ quan, 2 phụ lục; 1 phụ lục không phải PDF nên không ký"
    )
    signed = files(story, document, FileKind.SIGNED_ANNEX)
    assert [one.name for one in signed] == ["bang so lieu.signed.pdf", "danh sach.signed.pdf"]
    for one in signed:
        found = report(story, one)
        assert found.verdict is Verdict.VALID
        assert [s.role for s in found.signatures] == [SignRole.ANNEX]
        assert found.signatures[0].subject == story.outgoing(document).organ_name
    # the originals are as they were
    assert len(files(story, document, FileKind.ANNEX)) == 3
    story.do("vanthu.stttt", "issue", of=document, confirm=True)
    [recipient] = story.recipients(document)
    with story.as_("vanthu.stttt") as tx:
        envelope = envelope_of(tx, story.means, tx.get(OutgoingDocument, document), recipient)
    names = [one.name for one in edxml.read(edxml.write(envelope)).attachments]
    assert names[1:] == ["bang so lieu.signed.pdf", "danh sach.signed.pdf", "mau.docx"]


def test_the_lines_of_an_annex_are_number_symbol_and_time(story_office):
    story = story_office
    document = annexed(story, **{"phu luc.pdf": blank_pdf("3")})
    story.do("vanthu.stttt", "seal", of=document, confirm=True, pin=PASSWORD)
    [signed] = files(story, document, FileKind.SIGNED_ANNEX)
    pdf = story.means.content.read(signed.sha256)
    assert shown(pdf) == "PhuLuc"
    with pikepdf.open(io.BytesIO(pdf)) as opened:
        widget = opened.pages[0].Annots[0]
        mapped = widget.AP.N.Resources.Font.Regular.ToUnicode.read_bytes().decode()
    letters = {chr(int(code, 16)) for code in mapped.replace(">", "<").split("<")[3::4] if code}
    assert set(story.outgoing(document).reference) <= letters | set(";:+ ")


def striped() -> bytes:
    """Return a page without free room: black and white from edge to edge."""
    out = io.BytesIO()
    with pikepdf.new() as pdf:
        page = pdf.add_blank_page(page_size=(595, 842))
        stripes = b" ".join(b"0 %d 595 2 re f" % y for y in range(0, 842, 6))
        page.obj.Contents = pdf.make_stream(stripes)
        pdf.save(out)
    return out.getvalue()


def test_an_annex_nobody_could_sign_is_refused_to_its_author(story_office):
    with pytest.raises(NoRoom) as refused:
        annexed(story_office, **{"day dac.pdf": striped()})
    assert "chừa lề trên" in refused.value.text("vi")


def scanned(story, channel: Channel = Channel.POST, *, scan: bool = True) -> UUID:
    document = incoming_letter(story, "register", channel=channel)
    if scan:
        with story.as_("vanthu.stttt") as tx:
            stored = story.means.content.put(blank_pdf("giấy"))
            attach_file(
                tx, tx.get(IncomingDocument, document), stored, name="quet.pdf", kind=FileKind.SCAN
            )
    return document


def register(story, document: UUID, **values):
    incoming = story.one(IncomingDocument, IncomingDocument.id == document)
    values = registering(incoming, story.kind("STTTT", "CV"), **values)
    return story.do("vanthu.stttt", "register", of=document, **values)


def test_a_scan_is_signed_when_the_clerk_says_so(story_office):
    story = story_office
    document = scanned(story)
    done = register(story, document, sign_scan=True, pin=PASSWORD)
    assert done.summary.endswith("; ký số 1 bản số hóa")
    plain, signed = files(story, document, FileKind.SCAN)
    assert (plain.version_no, signed.version_no) == (1, 2)
    found = report(story, signed)
    assert found.verdict is Verdict.VALID
    assert [s.role for s in found.signatures] == [SignRole.INCOMING]
    assert "SaoY" not in shown(story.means.content.read(signed.sha256))
    told = str(story.rows("SELECT body FROM event UNION ALL SELECT body FROM journal_leaf"))
    assert "sign_scan" in told
    assert PASSWORD not in told


def test_a_scan_is_left_alone_where_nobody_asks(story_office):
    document = scanned(story_office)
    register(story_office, document)
    assert len(files(story_office, document, FileKind.SCAN)) == 1


def test_without_a_scan_there_is_nothing_to_sign_and_no_number_is_taken(story_office):
    document = scanned(story_office, scan=False)
    with pytest.raises(NoScan, match="no PDF scan"):
        register(story_office, document, sign_scan=True, pin=PASSWORD)
    one = story_office.one(IncomingDocument, IncomingDocument.id == document)
    assert one.arrival_number is None


def test_a_wrong_passphrase_signs_nothing_and_takes_no_number(story_office):
    document = scanned(story_office)
    with pytest.raises(KeystoreRefused):
        register(story_office, document, sign_scan=True, pin="sai")
    one = story_office.one(IncomingDocument, IncomingDocument.id == document)
    assert one.arrival_number is None
    assert len(files(story_office, document, FileKind.SCAN)) == 1


# -- copies ----------------------------------------------------------------------------------------


def copied(story, document: UUID, form: CopyForm, user: str = "vanthu.stttt", **changes) -> File:
    order = CopyDocument(form, "Giám đốc Đỗ Xuân Hòa", changes.pop("pin", PASSWORD), **changes)
    with story.as_(user) as tx:
        found = tx.rows(sa.select(IncomingDocument).where(IncomingDocument.id == document))
        found = found or tx.rows(sa.select(OutgoingDocument).where(OutgoingDocument.id == document))
        return copy_document(tx, story.means, found[0][0], order)


@pytest.fixture(scope="module")
def scanned_paper(story_office) -> UUID:
    document = scanned(story_office)
    with pytest.raises(NotYetRegistered):
        copied(story_office, document, CopyForm.TRUE_COPY)
    register(story_office, document)
    return document


@pytest.fixture(scope="module")
def electronic(story_office) -> UUID:
    return letter(story_office, "issue")


@pytest.mark.parametrize("form", [CopyForm.TRUE_COPY, CopyForm.ONWARD])
def test_a_scanned_paper_is_copied_whole(story_office, scanned_paper, form):
    file = copied(story_office, scanned_paper, form)
    found = report(story_office, file)
    assert found.verdict is Verdict.VALID
    assert [s.role for s in found.signatures] == [SignRole.COPY]
    assert file.name.startswith(form.words)
    leaf = story_office.rows(
        "SELECT encode(body, 'escape') FROM journal_leaf WHERE act = 'copy_document'"
        " ORDER BY at DESC LIMIT 1"
    )
    assert "permitted_by" in leaf[0][0]
    assert PASSWORD not in leaf[0][0]


def test_of_an_electronic_document_only_pages_are_copied(story_office, electronic):
    with story_office.as_("vanthu.stttt") as tx:
        found = tx.get(OutgoingDocument, electronic)
        assert possible_copies(found, files_of(tx, found)) == (CopyForm.EXTRACT,)
    for form in (CopyForm.TRUE_COPY, CopyForm.ONWARD):
        with pytest.raises(WholeIsElectronic, match="send the signed file"):
            copied(story_office, electronic, form)
    file = copied(story_office, electronic, CopyForm.EXTRACT, pages="1")
    found = report(story_office, file)
    assert found.verdict is Verdict.VALID
    assert [s.role for s in found.signatures] == [SignRole.COPY]
    # what the signatures of the original show is drawn into the extract
    text = pypdfium2.PdfDocument(story_office.means.content.read(file.sha256))
    words = text[0].get_textpage().get_text_range()
    text.close()
    assert story_office.outgoing(electronic).code_number in words


@pytest.mark.parametrize("pages", ["", "0", "2", "1,1", "1-", "a", "3-1", "1;2", "9" * 50])
def test_pages_that_are_not_there_are_refused(story_office, electronic, pages):
    with pytest.raises(WrongPages, match="out of 1"):
        copied(story_office, electronic, CopyForm.EXTRACT, pages=pages)


def test_who_may_not_seal_may_not_copy(story_office, electronic):
    with pytest.raises(NotAllowed):
        copied(story_office, electronic, CopyForm.EXTRACT, "chuyenvien.stttt", pages="1")


def test_a_draft_is_not_copied(story_office):
    document = letter(story_office, "approve")
    with pytest.raises(NothingToCopy):
        copied(story_office, document, CopyForm.EXTRACT, pages="1")
