import io
import json
import re
import unicodedata
from datetime import UTC, datetime
from pathlib import Path

import pikepdf
import pypdfium2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from records.inspection import PDF, inspect
from records.issuing_error import MissingFields
from records.typesetting.paper import Paper, UnknownField, UnprintableText
from records.typesetting.press import typeset as press
from records.typesetting.structure import structure
from records.vocabulary import Urgency

DATA = json.loads((Path(__file__).parents[1] / "data" / "regulation-188.json").read_text("utf-8"))
MM = 72 / 25.4
LETTER = {
    "superior": "UBND tỉnh Thái Nguyên",
    "issuer": "Sở Thông tin và Truyền thông",
    "notation": "STTTT-CNTT",
    "place": "Thái Nguyên",
    "subject": "triển khai Quy chế quản lý, vận hành hệ thống phần mềm",
    "addressees": ["Ủy ban nhân dân tỉnh Thái Nguyên"],
    "body": "Sở Thông tin và Truyền thông báo cáo như sau.\n1. Đã tập huấn.\n2. Đã kết nối.",
    "signing_lines": ["KT. Giám đốc", "Phó Giám đốc"],
    "signer_name": "Nguyễn Thị Ánh Tuyết",
    "recipients": ["Như trên", "Lưu: VT, CNTT"],
}


def typeset(kind: str, fields: dict, at: datetime = datetime(2026, 1, 1, tzinfo=UTC)) -> bytes:
    return press(kind, fields, at=at)


class Sheet:
    """One page as a reader sees it: the boxes of words in millimetres from the top left."""

    def __init__(self, page: pypdfium2.PdfPage) -> None:
        self.text_page = page.get_textpage()
        self.text = " ".join(self.text_page.get_text_bounded().split())
        self.height = page.get_height()
        self.size = (page.get_width() / MM, self.height / MM)

    def find(self, words: str, *, nth: int = 0) -> tuple[float, float, float, float]:
        search = self.text_page.search(words, match_case=True)
        for _ in range(nth):
            search.get_next()
        start, count = search.get_next()
        boxes = [self.text_page.get_charbox(i) for i in range(start, start + count)]
        left, right = min(b[0] for b in boxes), max(b[2] for b in boxes)
        bottom, top = min(b[1] for b in boxes), max(b[3] for b in boxes)
        return left / MM, (self.height - top) / MM, right / MM, (self.height - bottom) / MM

    def ink(self) -> list[tuple[float, float, float, float]]:
        found = []
        for i in range(self.text_page.count_chars()):
            left, bottom, right, top = self.text_page.get_charbox(i)
            if self.text_page.get_text_range(i, 1).strip():
                found.append(
                    (left / MM, (self.height - top) / MM, right / MM, (self.height - bottom) / MM)
                )
        return found


def sheets(pdf: bytes) -> list[Sheet]:
    document = pypdfium2.PdfDocument(pdf)
    return [Sheet(document[i]) for i in range(len(document))]


@pytest.fixture(scope="module")
def regulation() -> bytes:
    return typeset(DATA["kind"], DATA["fields"])


@pytest.fixture(scope="module")
def pages(regulation) -> list[Sheet]:
    return sheets(regulation)


def words_of(text: str) -> list[str]:
    return re.findall(r"\w+", unicodedata.normalize("NFC", text).casefold())


def test_the_real_regulation_is_a_sound_pdf_a(regulation):
    assert inspect(io.BytesIO(regulation)) == PDF
    with pikepdf.open(io.BytesIO(regulation)) as document:
        meta = document.open_metadata()
        assert (meta["pdfaid:part"], meta["pdfaid:conformance"]) == ("2", "B")
        fonts = {
            str(font.BaseFont) for page in document.pages for font in page.Resources.Font.values()
        }
    assert fonts
    assert all(name.split("+")[1].startswith("Tinos") for name in fonts)


def test_equal_fields_give_equal_bytes(regulation):
    assert typeset(DATA["kind"], DATA["fields"]) == regulation
    later = typeset(DATA["kind"], DATA["fields"], at=datetime(2026, 3, 2, 9, tzinfo=UTC))
    assert later != regulation


def test_no_word_of_the_regulation_is_lost(pages):
    set_words = words_of(" ".join(sheet.text for sheet in pages))
    fields = DATA["fields"]
    given_texts = [fields["body"], *fields["bases"], *fields["recipients"], fields["subject"]]
    given_texts += [fields["attachments"][0]["body"], fields["attachments"][0]["subject"]]
    remaining = iter(set_words)
    attachment = words_of(fields["attachments"][0]["body"])
    start = len(attachment) // 3
    sample = attachment[start : start + 40]
    assert " ".join(sample) in " ".join(w for w in remaining)
    for text in given_texts:
        missing = set(words_of(text)) - set(set_words)
        assert not missing


def test_the_page_is_a4_with_the_margins_of_the_decree(pages):
    for number, sheet in enumerate(pages, start=1):
        assert sheet.size == pytest.approx((210, 297), abs=0.1)
        body = [box for box in sheet.ink() if box[1] > 17]  # below the page number
        assert min(box[0] for box in body) >= 29.5
        assert max(box[2] for box in body) <= 195.8
        assert max(box[3] for box in body) <= 277.5
        above = [box for box in sheet.ink() if box[1] <= 17]
        assert bool(above) is (number > 1)


def test_the_second_page_carries_its_number_in_the_middle(pages):
    left, top, right, _ = pages[1].find("2")
    assert (left + right) / 2 == pytest.approx(30 + 165 / 2, abs=1)
    assert top < 17


def test_number_and_date_have_room(pages):
    """The year too is left blank: nobody knows in which one the number will be taken."""
    first = pages[0]
    assert first.find("/QĐ-UBND")[0] - first.find("Số:")[2] >= 28  # 12345/2026 at 13 pt is 23 mm
    day, month, year = (first.find(w) for w in (", ngày", "tháng", "năm"))
    assert month[0] - day[2] >= 8
    assert year[0] - month[2] >= 8
    assert year[2] + 11 <= 195
    assert abs(first.find("Số:")[3] - day[3]) < 2.5  # one row


def test_the_signature_has_room_and_is_not_alone_on_its_page(pages):
    (sheet,) = [s for s in pages if "TM. ỦY BAN NHÂN DÂN" in s.text]
    title, name = sheet.find("CHỦ TỊCH"), sheet.find("Vũ Hồng Bắc")
    assert name[1] - title[3] >= 30
    between = [b for b in sheet.ink() if b[0] > 110 and title[3] + 1 < b[1] < name[1] - 1]
    assert between == []
    assert (title[0] + title[2]) / 2 == pytest.approx((name[0] + name[2]) / 2, abs=1)
    assert "Điều 3." in sheet.text
    assert sheet.find("Nơi nhận:")[2] < title[0]


def test_the_parts_stand_in_the_order_of_the_decree(pages):
    first = pages[0]
    order = ["CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", "Độc lập - Tự do - Hạnh phúc", "Số:",
             "QUYẾT ĐỊNH", "Căn cứ Luật Tổ chức", "QUYẾT ĐỊNH:", "Điều 1."]  # fmt: skip
    tops = [first.find(w)[1] for w in order]
    assert tops == sorted(tops)
    assert "ỦY BAN NHÂN DÂN TỈNH THÁI NGUYÊN" in first.text
    assert "năm 2015;" in first.text
    assert "Sở Tư pháp." in first.text
    assert "Quyết định này./." in pages[1].text
    third = pages[2].text
    assert third.startswith("3 QUY CHẾ Quản lý, vận hành")
    assert "(Ban hành kèm theo Quyết định số" in third
    assert "Chương I QUY ĐỊNH CHUNG Điều 1. Phạm vi" in third
    assert pages[-1].text.endswith("quyết định điều chỉnh./.")


def test_what_is_issued_with_a_document_names_it_and_its_issuer():
    part = {"name": "Phương án", "subject": "về lịch trực", "issued_by": LETTER["issuer"],
            "body": "1. Trực đêm."}  # fmt: skip
    *_, last = sheets(typeset("letter", {**LETTER, "attachments": [part]}))
    assert "(Ban hành kèm theo Công văn số" in last.text
    assert "năm của Sở Thông tin và Truyền thông)" in last.text


def test_full_lines_reach_the_right_margin(pages):
    rows: dict[int, float] = {}
    for left, _, right, bottom in pages[3].ink():
        if left > 29:
            rows[round(bottom / 2)] = max(rows.get(round(bottom / 2), 0), right)
    full = sum(right > 193.5 for right in rows.values())
    assert full > len(rows) / 3


@pytest.mark.parametrize("typed", ["V/v triển khai", "v/v: triển khai", "Về việc triển khai"])
def test_who_types_the_words_before_a_subject_does_not_have_them_twice(typed):
    (page,) = sheets(typeset("letter", {**LETTER, "subject": f"{typed} chữ ký số"}))
    assert "V/v triển khai chữ ký số" in page.text
    assert page.text.lower().count("v/v") == 1


def test_a_letter_has_its_subject_under_the_number():
    (page,) = sheets(typeset("letter", LETTER))
    assert page.find("/STTTT-CNTT")[1] < page.find("V/v triển khai")[1] < page.find("Kính gửi")[1]
    assert page.find("V/v triển khai")[2] < 105
    assert "Kính gửi: Ủy ban nhân dân tỉnh Thái Nguyên." in page.text
    assert "KT. GIÁM ĐỐC PHÓ GIÁM ĐỐC" in page.text
    assert page.find("UBND TỈNH THÁI NGUYÊN")[1] < page.find("SỞ THÔNG TIN")[1]
    assert "Đã kết nối./." in page.text


def test_a_named_kind_with_several_addressees_and_a_stamp():
    fields = LETTER | {
        "type_name": "Báo cáo",
        "addressees": ["Ủy ban nhân dân tỉnh", "Văn phòng UBND tỉnh"],
        "urgency": "express",
    }
    (page,) = sheets(typeset("named", fields))
    assert "HỎA TỐC" in page.text
    assert "BÁO CÁO" in page.text
    assert "- Ủy ban nhân dân tỉnh; - Văn phòng UBND tỉnh." in page.text
    (plain,) = sheets(typeset("named", fields | {"urgency": "normal"}))
    assert "HỎA TỐC" not in plain.text


@pytest.mark.parametrize("dash", ["- ", "-", "– ", "+ ", "• ", "- - ", ""])
def test_a_recipient_typed_with_a_dash_is_printed_with_one(dash):
    lines = ["Như trên", "Lưu: VT, CNTT-TT"]
    typed = LETTER | {
        "addressees": [f"{dash}Sở Nội vụ;", f"{dash}Sở Tài chính."],
        "recipients": [f"{dash}{line};" for line in lines],
    }
    [sheet] = sheets(typeset("letter", typed))
    assert "Nơi nhận: - Như trên; - Lưu: VT, CNTT-TT." in sheet.text
    assert "Kính gửi: - Sở Nội vụ; - Sở Tài chính." in sheet.text


@pytest.mark.parametrize("urgency", list(Urgency))
def test_every_urgency_has_its_stamp(urgency):
    (page,) = sheets(typeset("letter", LETTER | {"urgency": urgency.value}))
    assert urgency.stamp in page.text


# -- text is data ---------------------------------------------------------------------------------

MARKUP = [
    '#read("/etc/passwd")',
    '#panic("x")',
    "*đậm* _nghiêng_ `mã` $x^2$ = Tiêu đề",
    '"] + #eval("1+1") #[',
    "\\u{41} // chú thích /* khối */ @nhãn <nhãn>",
    '#import "@preview/x:1.0.0": *',
    "-- --- ... 'a' \"b\" ~",
]


@pytest.mark.parametrize("hostile", MARKUP)
def test_markup_in_a_field_is_printed_as_it_was_typed(hostile):
    fields = LETTER | {
        "body": f"{hostile} hết.\nDòng sau.",
        "signer_name": hostile,
        "addressees": [hostile + " Sở"],
    }
    (page,) = sheets(typeset("letter", fields))
    flat = re.sub(r"\s", "", page.text)
    assert flat.count(re.sub(r"\s", "", hostile)) == 3


@settings(max_examples=40)
@given(st.text(st.characters(min_codepoint=32, max_codepoint=0x17F, exclude_categories=["C"])))
def test_any_text_is_printed_or_refused(text):
    fields = LETTER | {"body": f"Mở đầu {text} kết thúc"}
    try:
        pdf = typeset("letter", fields)
    except UnprintableText:
        return
    printed = re.sub(r"\s|\ufffe|\x02|-", "", sheets(pdf)[0].text)
    expected = re.sub(r"\s|-|\u00ad", "", unicodedata.normalize("NFC", text))
    assert expected.rstrip("./") in printed


def test_decomposed_text_is_composed_before_the_press():
    fields = LETTER | {"body": unicodedata.normalize("NFD", "Nguyễn Thị Ánh Tuyết đề nghị.")}
    assert "Nguyễn Thị Ánh Tuyết đề nghị" in sheets(typeset("letter", fields))[0].text


@pytest.mark.parametrize("strange", ["😀", "中", "\x00", "\u202e", "ก"])
def test_characters_the_face_lacks_are_named(strange):
    with pytest.raises(UnprintableText) as refused:
        typeset("letter", LETTER | {"body": f"abc {strange}"})
    assert f"U+{ord(strange):04X}" in refused.value.text()


@pytest.mark.parametrize(
    ("kind", "change", "error"),
    [
        ("poem", {}, UnknownField),
        ("letter", {"colour": "red"}, UnknownField),
        ("letter", {"kind": "letter"}, UnknownField),
        ("letter", {"year": 2026}, UnknownField),
        ("letter", {"year_in_reference": "2026"}, UnknownField),
        ("letter", {"urgency": "asap"}, UnknownField),
        ("letter", {"recipients": "Như trên"}, UnknownField),
        ("letter", {"body": 5}, UnknownField),
        ("letter", {"attachments": [{"name": "x"}]}, UnknownField),
        ("letter", {"addressees": []}, MissingFields),
        ("letter", {"body": " "}, MissingFields),
        ("decision", {}, MissingFields),
    ],
)
def test_wrong_fields_are_refused_in_words(kind, change, error):
    with pytest.raises(error) as refused:
        Paper.of_fields(kind, LETTER | change)
    assert refused.value.text("vi")


# -- structure ------------------------------------------------------------------------------------


def test_lines_are_known_by_their_beginning():
    text = """CHƯƠNG I QUY ĐỊNH CHUNG
    Điều 1. Phạm vi điều chỉnh
    1. Quy chế này quy định việc quản lý.
    Chương II
    TỔ CHỨC THỰC HIỆN

    Điều 2. Quyết định này có hiệu lực từ ngày ký.
    1. Cập nhật văn bản đến
    a) Nhận văn bản giấy;"""
    assert [(b.style, b.label, b.text) for b in structure(text)] == [
        ("chapter", "Chương I", "QUY ĐỊNH CHUNG"),
        ("article", "Điều 1.", "Phạm vi điều chỉnh"),
        ("paragraph", "", "1. Quy chế này quy định việc quản lý."),
        ("chapter", "Chương II", "TỔ CHỨC THỰC HIỆN"),
        ("provision", "Điều 2.", "Quyết định này có hiệu lực từ ngày ký."),
        ("heading", "", "1. Cập nhật văn bản đến"),
        ("paragraph", "", "a) Nhận văn bản giấy;"),
    ]


@given(st.text())
def test_structure_loses_no_word(text):
    blocks = structure(text)
    together = " ".join(f"{b.label} {b.text}" for b in blocks)
    expected = unicodedata.normalize("NFC", text).split()
    if all(b.style != "chapter" for b in blocks):
        assert together.split() == expected
