"""Whom a document addresses, and how its recipients stand on the page that was made."""

import pypdfium2
import pytest
from story import Story, letter

from processes.outgoing.paper import current_paper
from records.document import OutgoingDocument

SUPERIOR = "Ủy ban nhân dân tỉnh Thái Nguyên"


def page(story: Story, kind: str, to: tuple[str, ...], **said: str) -> str:
    """The words of the first page of a draft of this kind."""
    document = letter(story, "approve", document_type=story.kind("STTTT", kind), to=to, **said)
    with story.office.database.transaction() as tx:
        paper = current_paper(tx, tx.get(OutgoingDocument, document))
        content = story.means.content.read(paper.file.sha256)
    text = pypdfium2.PdfDocument(content)[0].get_textpage().get_text_bounded()
    return " ".join(text.split())


@pytest.mark.parametrize("kind", ["BC", "TTr", "CV"])
def test_what_goes_to_the_superior_addresses_it(story_office, kind):
    words = page(story_office, kind, ("UBND",))
    assert f"Kính gửi: {SUPERIOR}." in words
    assert "Nơi nhận: - Như trên; - Lưu: VT." in words


def test_a_report_addresses_the_superior_alone_and_others_nobody(story_office):
    assert f"Kính gửi: {SUPERIOR}." in page(story_office, "BC", ("UBND", "STC"))
    assert "Kính gửi" not in page(story_office, "BC", ("STC",))
    assert "Kính gửi" not in page(story_office, "TB", ("UBND",))


def test_recipients_typed_with_dashes_are_printed_with_one(story_office):
    typed = "- Như trên;\n– Phòng CNTT;\n- Lưu: VT."
    words = page(story_office, "CV", ("UBND",), internal_recipients=typed)
    assert "Nơi nhận: - Như trên; - Phòng CNTT; - Lưu: VT." in words
