"""A PDF that nobody could sign is told to its drafter; one without letters is signed, and says so."""

import hashlib
import io
from datetime import UTC, datetime

import pikepdf
import pytest
from attacks import paper
from attacks.authority import Authority
from attacks.foreign_signer import sign
from PIL import Image
from story import PASSWORD, Story, letter, letter_values, snapshot

from processes.order import Upload
from signing.errors import AlreadySigned, DynamicForm, SigningError


def saved(change) -> bytes:
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(paper.plain())) as document:
        change(document)
        document.save(out)
    return out.getvalue()


def redrawn(document) -> None:
    document.Root.NeedsRendering = True


def scan() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (620, 877), "white").save(out, "PDF")
    return out.getvalue()


def signed() -> bytes:
    now = datetime.now(UTC)
    return sign(paper.plain(), Authority("CA", now).admit())


#: an encrypted, damaged or empty one is refused by the content store already
BAD = {
    "XFA": (saved(redrawn), DynamicForm),
    "signed": (signed(), AlreadySigned),
}


def draft(story: Story, pdf: bytes):
    document = letter(story, "draft")
    values = {**letter_values(story), "source": "pdf", "pdf_file": ["f1"]}
    stored = story.means.content.put(pdf)
    story.login("chuyenvien.stttt")  # a login is written too
    before = snapshot(story)
    upload = Upload("du-thao.pdf", stored)
    try:
        story.do("chuyenvien.stttt", "draft", of=document, files={"f1": upload}, **values)
    except SigningError:
        assert snapshot(story) == before
        raise
    finally:
        assert story.means.content.read(stored.sha256) == pdf
        assert hashlib.sha256(pdf).hexdigest() == stored.sha256
    return document


@pytest.mark.parametrize("name", BAD)
def test_a_draft_nobody_could_sign_is_refused_at_once(story_office, name):
    pdf, error = BAD[name]
    with pytest.raises(error):
        draft(story_office, pdf)


def test_a_scan_is_signed_at_the_usual_place_and_the_history_says_so(story_office):
    story = story_office
    document = draft(story, scan())
    story.do("truongphong.stttt", "approve", of=document, outcome="approve")
    story.do("chanvp.stttt", "check_format", of=document, outcome="approve")
    done = story.do("giamdoc.stttt", "sign", of=document, outcome="sign", pin=PASSWORD)
    assert "vị trí mặc định" in done.summary
    # the control: a page with title and name is signed where they stand
    written = letter(story, "sign")
    done = story.do("giamdoc.stttt", "sign", of=written, outcome="sign", pin=PASSWORD)
    assert done.summary == "Đã ký số"
