"""The search of every page: what came, what goes out and dossiers, each by its kind, by right."""

import lxml.html
import pytest

from web import search as search_page

WORDS = "khau hieu tim kiem"


def results(visitor, **asked) -> list[tuple[str, str, str]]:
    """Return kind, address and subject of each line."""
    page = lxml.html.fromstring(visitor.get("/search", query_string=asked).data.decode())
    return [
        (
            " ".join(row.xpath("td[1]")[0].text_content().split()),
            row.xpath("th/a/@href")[0],
            " ".join(row.xpath("td[2]")[0].text_content().split()),
        )
        for row in page.xpath("//main//tbody/tr")
    ]


@pytest.fixture(scope="module")
def clerk(knock):
    """The clerk, who has received a document, begun another and opened a dossier."""
    clerk = knock("vanthu.stttt")
    clerk.receive("Khẩu hiệu tìm kiếm: đã đến", code_number="8801")
    for address, named in (
        ("/outgoing/new", {"subject": "Khẩu hiệu tìm kiếm: sẽ đi"}),
        ("/dossiers/new", {"title": "Khẩu hiệu tìm kiếm: hồ sơ", "notation": "77.TK"}),
    ):
        answer = clerk.send(clerk.sheet(clerk.get(address)).fill(**named))
        assert answer.status_code == 303, clerk.problem(answer)
    return clerk


def test_one_search_finds_all_three_kinds_and_says_which(clerk):
    found = results(clerk, q=WORDS)
    assert [(kind, subject) for kind, _href, subject in found] == [
        ("Hồ sơ", "Khẩu hiệu tìm kiếm: hồ sơ"),
        ("Văn bản đi", "Khẩu hiệu tìm kiếm: sẽ đi"),
        ("Văn bản đến", "Khẩu hiệu tìm kiếm: đã đến"),
    ]
    for _kind, href, subject in found:
        assert subject in clerk.get(href).text
    assert len(results(clerk, q=f"{WORDS} di")) == 1
    assert results(clerk, q="8801/ubnd")[0][0] == "Văn bản đến"
    assert results(clerk, q="77.tk")[0][0] == "Hồ sơ"
    assert results(clerk, q=f"{WORDS} khong co") == []
    assert "Không có kết quả" in clerk.get("/search?q=khong-co-gi").text
    assert results(clerk, q=" ") == [], "nothing asked, nothing found"


def test_one_kind_alone_when_asked(clerk):
    for word, kind in (("incoming", "đến"), ("outgoing", "đi"), ("dossier", "Hồ sơ")):
        [(found, _href, _subject)] = results(clerk, q=WORDS, kind=word)
        assert kind in found
    assert len(results(clerk, q=WORDS, kind="nonsense")) == 3


def test_pages_follow_one_another_over_all_kinds(clerk, monkeypatch):
    monkeypatch.setattr(search_page, "PAGE", 2)
    whole = []
    address = f"/search?q={WORDS}"
    while address:
        page = lxml.html.fromstring(clerk.get(address).data.decode())
        whole += page.xpath("//main//tbody/tr/th/a/@href")
        address = next(iter(page.xpath("//a[@rel='next']/@href")), "")
    assert len(whole) == len(set(whole)) == 3


def test_only_what_one_may_read_is_found(clerk, knock):
    assert results(clerk, q=WORDS)
    assert len(results(knock("giamdoc.stttt"), q=WORDS)) == 3, "the leader sees his agency"
    assert results(knock("chuyenvien.stttt"), q=WORDS) == [], "nothing was given to him"
    assert results(knock("vanthu.stc"), q=WORDS) == [], "another agency"
