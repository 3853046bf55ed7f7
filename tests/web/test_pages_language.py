"""Vietnamese first, English beside it: nothing untranslated, the compiled file up to date."""

import io
import re

import lxml.html
import pytest
from babel.messages.pofile import read_po

from web import catalogue

VIETNAMESE = re.compile(
    r"[ăâđêôơưàáảãạằắẳẵặầấẩẫậèéẻẽẹềếểễệìíỉĩịòóỏõọồốổỗộờớởỡợùúủũụừứửữựỳýỷỹỵ]", re.IGNORECASE
)


@pytest.fixture(scope="module")
def current():
    return catalogue.current()


def test_nothing_is_untranslated(current):
    assert catalogue.untranslated(current) == []
    said = [str(m.string) for m in current if m.id]
    assert [text for text in said if VIETNAMESE.search(text)] == []


def test_the_kept_catalogue_is_the_pages_own(current):
    kept = {m.id for m in catalogue.known() if m.id}
    wanted = {m.id for m in current if m.id}
    assert kept == wanted, "run: python -m web.catalogue"
    assert catalogue.FILE.read_bytes() == catalogue.as_po(current)


def test_the_compiled_file_is_up_to_date():
    po = read_po(io.BytesIO(catalogue.FILE.read_bytes()), locale="en")
    assert catalogue.FILE.with_suffix(".mo").read_bytes() == catalogue.as_mo(po)


def test_a_new_phrase_would_be_noticed():
    found = catalogue.known()
    found.add("Một câu chưa ai dịch")
    assert catalogue.untranslated(found) == ["Một câu chưa ai dịch"]


def test_places_in_a_phrase_are_the_same_in_both_languages():
    place = re.compile(r"%\(\w+\)[sd]|\{\w+\}")
    for message in catalogue.known():
        if not message.id:
            continue
        ids = message.id if isinstance(message.id, tuple) else (message.id,)
        said = message.string if isinstance(message.string, tuple) else (message.string,)
        for text in said:
            assert set(place.findall(text)) == set(place.findall(ids[0])), message.id


#: names stay as they are
NAMES = ("Ủy ban nhân dân tỉnh Thái Nguyên", "Sở Thông tin và Truyền thông", "Tiếng Việt")


@pytest.fixture(scope="module")
def english(knock):
    clerk = knock("vanthu.stttt", fresh=True)
    assert clerk.post("/preferences", {"language": "en", "next": "/inbox/"}).status_code == 303
    return clerk


@pytest.mark.parametrize(
    "address",
    ["/inbox/", "/incoming", "/outgoing/new", "/dossiers", "/password", "/help", "/khong-co"],
)
def test_the_frame_and_words_of_a_page_are_english_when_asked(english, address):
    page = lxml.html.fromstring(english.get(address).data.decode())
    assert page.get("lang") == "en"
    for part in page.xpath(
        "//*[@lang='vi'] | //p[@class='tenant'] | //details[@data-menu]/summary"
    ):
        part.getparent().remove(part)
    text = " ".join(page.text_content().split())
    for name in NAMES:
        text = text.replace(name, "")
    assert not VIETNAMESE.search(text), VIETNAMESE.split(text)[0][-60:] + "…"
    for shown in page.xpath("//main//@aria-label | //@placeholder | //@data-busy"):
        assert not VIETNAMESE.search(str(shown)), shown


def test_theme_and_language_are_kept_and_nonsense_is_not(knock):
    visitor = knock(fresh=True)
    visitor.post("/preferences", {"theme": "dark", "next": "/login"})
    assert 'data-theme="dark"' in visitor.get("/login").text
    visitor.post("/preferences", {"theme": "<script>", "language": "xx"})
    assert 'data-theme="dark"' in visitor.get("/login").text
    assert '<html lang="vi"' in visitor.get("/login").text
