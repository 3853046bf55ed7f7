"""How the recipients of a document stand on the page that was made."""

import pypdfium2
from story import Story, letter

from processes.outgoing.paper import current_paper
from records.document import OutgoingDocument


def page(story: Story, kind: str, to: tuple[str, ...], **said: str) -> str:
    """The words of the first page of a draft of this kind."""
    document = letter(story, "approve", document_type=story.kind("STTTT", kind), to=to, **said)
    with story.office.database.transaction() as tx:
        paper = current_paper(tx, tx.get(OutgoingDocument, document))
        content = story.means.content.read(paper.file.sha256)
    text = pypdfium2.PdfDocument(content)[0].get_textpage().get_text_bounded()
    return " ".join(text.split())


def test_recipients_typed_with_dashes_are_printed_with_one(story_office):
    typed = "- Như trên;\n– Phòng CNTT;\n- Lưu: VT."
    words = page(story_office, "CV", ("UBND",), internal_recipients=typed)
    assert "Nơi nhận: - Như trên; - Phòng CNTT; - Lưu: VT." in words
