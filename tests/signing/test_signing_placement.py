"""Where signatures, number and date stand: read off pages of three makers, or said to be guessed."""

import io
import unicodedata
from datetime import date

import pikepdf
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from signing.errors import EncryptedPdf, ImageRefused, PageMissing, TruncatedPdf
from signing.number_row import place_number
from signing.page_text import Box, View, opened, read_page
from signing.placement import MM, Found, place_box, place_person, place_seal
from signing.signer import SignRequest, SignRole, sign_pdf
from signing.typeface import Face, typeface

DAY = date(2026, 11, 2)
HEAD = """
#set page(paper: "a4", margin: (top: 20mm, bottom: 20mm, left: 30mm, right: 15mm))
#set text(font: "Tinos", size: 13pt, lang: "vi")
"""


def picture(width: int = 600, height: int = 240) -> bytes:
    out = io.BytesIO()
    Image.new("RGBA", (width, height), (0, 0, 0, 0)).save(out, "PNG")
    return out.getvalue()


def letter_page(*lines: tuple[float, float, str], size: float = 13, matrix: str = "") -> bytes:
    """Return a page as word processors write it: one run of text, blanks as spaces."""
    with pikepdf.new() as pdf:
        page = pdf.add_blank_page(page_size=(595, 842))
        shown = [
            b"BT /F %g Tf 1 0 0 1 %g %g Tm <%s> Tj ET"
            % (size, x, y, b"".join(b"%04X" % ord(letter) for letter in text))
            for x, y, text in lines
        ]
        page.obj.Contents = pdf.make_stream(matrix.encode() + b"\n".join(shown))
        page.obj.Resources = pikepdf.Dictionary(Font=pikepdf.Dictionary(F=by_letter(pdf)))
        out = io.BytesIO()
        pdf.save(out)
    return out.getvalue()


def by_letter(pdf: pikepdf.Pdf) -> pikepdf.Dictionary:
    """Return a font whose codes are the letters themselves, each 500 wide, marks 0."""
    descriptor = pikepdf.Dictionary(
        Type=pikepdf.Name.FontDescriptor,
        FontName=pikepdf.Name.Test,
        Flags=4,
        FontBBox=[0, -200, 1000, 900],
        Ascent=900,
        Descent=-200,
        CapHeight=700,
        ItalicAngle=0,
        StemV=80,
    )
    font = pikepdf.Dictionary(
        Type=pikepdf.Name.Font,
        Subtype=pikepdf.Name.CIDFontType2,
        BaseFont=pikepdf.Name.Test,
        CIDSystemInfo=pikepdf.Dictionary(
            Registry=pikepdf.String("Adobe"), Ordering=pikepdf.String("Identity"), Supplement=0
        ),
        DW=500,
        W=[0x300, 0x36F, 0],
        FontDescriptor=pdf.make_indirect(descriptor),
    )
    letters = (
        b"/CIDInit /ProcSet findresource begin begincmap\n1 begincodespacerange <0000> <FFFF> "
        b"endcodespacerange\n1 beginbfrange <0000> <FFFF> <0000> endbfrange\nendcmap end"
    )
    return pikepdf.Dictionary(
        Type=pikepdf.Name.Font,
        Subtype=pikepdf.Name.Type0,
        BaseFont=pikepdf.Name.Test,
        Encoding=pikepdf.Name("/Identity-H"),
        DescendantFonts=[pdf.make_indirect(font)],
        ToUnicode=pdf.make_stream(letters),
    )


def number(pdf: bytes, reference: str = "188/2026/QĐ-UBND"):
    return place_number(pdf, reference=reference, issued_on=DAY, place="Thái Nguyên")


# -- number and date -------------------------------------------------------------------------------


def test_number_and_date_fit_the_blanks_of_a_typeset_page(draft):
    place = number(draft)
    assert place.found is Found.TEXT
    assert place.notation == "/2026/QĐ-UBND"
    assert [(run.text, run.face) for run in place.runs] == [
        ("188", Face.REGULAR),
        ("02", Face.ITALIC),
        ("11", Face.ITALIC),
    ]
    with opened(draft) as document:
        page = read_page(document, 0)
    row = next(line for line in page.lines if "QĐ-UBND" in line.text)
    for run in place.runs:
        left = place.box.left + run.x
        right = left + typeface(run.face).width(run.text, run.size)
        # the text stands on the line and touches none of its letters
        assert place.box.bottom + run.y == pytest.approx(row.baseline, abs=0.01)
        assert run.size == pytest.approx(13, abs=0.01)
        assert not [one for one in row.letters if one.left < right and left < one.right]


ROWS = {
    "spaces": ("Số:          /QĐ-STTTT", "Hà Nội, ngày      tháng      năm 2026"),
    "dots": ("Số: ………./QĐ-STTTT", "Hà Nội, ngày ….. tháng .... năm 2026"),
    "underscores": ("Số:______/QĐ-STTTT", "Hà Nội, ngày____tháng____năm 2026"),
    "no-break spaces": (
        "Số:\xa0\xa0\xa0\xa0\xa0\xa0/QĐ-STTTT",
        "Hà Nội, ngày\xa0\xa0\xa0\xa0tháng\xa0\xa0\xa0\xa0năm 2026",
    ),
    "capitals": ("SỐ:        /QĐ-STTTT", "Hà Nội, Ngày      Tháng      Năm 2026"),
}


@pytest.mark.parametrize("kind", ROWS)
@pytest.mark.parametrize("apart", [0, 6], ids=["one line", "two lines"])
def test_rows_of_word_processors_are_read(kind, apart):
    left, right = ROWS[kind]
    place = number(letter_page((60, 730, left), (280, 730 - apart, right)), "77/QĐ-STTTT")
    assert place.found is Found.TEXT
    assert place.notation == "/QĐ-STTTT"
    assert [run.text for run in place.runs] == ["77", "02", "11"]
    heights = [round(place.box.bottom + run.y) for run in place.runs]
    assert heights == [730, 730 - apart, 730 - apart]


def test_letters_and_marks_written_apart_are_read():
    row = unicodedata.normalize("NFD", "Số:        /QĐ-STTTT")
    day = unicodedata.normalize("NFD", "Huế, ngày      tháng      năm 2026")
    assert len(row) > len("Số:        /QĐ-STTTT")
    place = number(letter_page((60, 730, row), (280, 730, day)), "77/QĐ-STTTT")
    assert [run.text for run in place.runs] == ["77", "02", "11"]


@pytest.mark.parametrize(
    ("row", "written"),
    [
        ("ngày      tháng      năm", ["02", "11", "2026"]),
        ("ngày      tháng      năm 20", ["02", "11", "26"]),
        ("ngày 05 tháng 3 năm 2026", []),
        ("ngày      tháng 11 năm 2026", ["02"]),
    ],
)
def test_only_what_is_blank_is_written(row, written):
    page = letter_page((60, 730, "Số:       /QĐ-UBND"), (300, 730, f"Huế, {row}"))
    place = number(page, "188/QĐ-UBND")
    assert [run.text for run in place.runs] == ["188", *written]


@pytest.mark.parametrize(
    ("symbol", "written", "years"),
    [
        ("/2026/QĐ-UBND", "188", (2026,)),
        ("/QĐ-UBND", "188/2026", ()),
        ("/QD-UBND", "188/2026", ()),  # as the page spells it, not as the register does
        ("/2025/QĐ-UBND", "188", (2025,)),
    ],
)
def test_the_year_is_written_where_the_page_leaves_it_blank(symbol, written, years):
    page = letter_page(
        (60, 730, f"Số:           {symbol}"), (300, 730, "Huế, ngày    tháng    năm")
    )
    place = number(page)
    assert [run.text for run in place.runs] == [written, "02", "11", "2026"]
    assert place.years == years


def test_the_year_a_page_prints_in_its_date_is_told():
    page = letter_page((60, 730, "Số:      /QĐ"), (300, 730, "Huế, ngày    tháng    năm 2025"))
    assert number(page, "7/QĐ").years == (2025,)


def test_a_printed_number_is_not_written_again():
    place = number(
        letter_page((60, 730, "Số: 188/QĐ-UBND"), (300, 730, "Huế, ngày    tháng    năm 2026"))
    )
    assert [run.text for run in place.runs] == ["02", "11"]


def test_a_narrow_blank_makes_the_number_smaller():
    place = number(
        letter_page((60, 730, "Số:   /QĐ"), (300, 730, "Huế, ngày 1 tháng 1 năm 2026")), "12345/QĐ"
    )
    assert place.runs[0].text == "12345"
    assert 8 <= place.runs[0].size < 13
    assert place.found is Found.TEXT
    crowded = letter_page((60, 730, "Số: /QĐ"), (300, 730, "Huế, ngày 1 tháng 1 năm 2026"))
    assert number(crowded, "12345/QĐ").found is Found.NARROW


def test_a_scaled_page_gives_the_size_that_is_seen():
    pdf = letter_page(
        (120, 1460, "Số:        /QĐ"),
        (600, 1460, "Huế, ngày    tháng    năm 2026"),
        size=26,
        matrix="0.5 0 0 0.5 0 0 cm\n",
    )
    place = number(pdf, "7/QĐ")
    assert place.runs[0].size == pytest.approx(13, abs=0.05)
    assert place.box.bottom + place.runs[0].y == pytest.approx(730, abs=0.05)


def test_numbers_in_the_text_are_no_number_row():
    text = (80, 300, "Căn cứ Công văn số:      /UBND ngày      tháng      năm 2025")
    assert number(letter_page(text)).found is Found.GEOMETRY


def test_a_missing_row_is_written_whole_where_the_decree_has_it():
    place = number(letter_page((80, 400, "Không có thể thức")))
    assert place.found is Found.GEOMETRY
    assert [run.text for run in place.runs] == [
        "Số: 188/2026/QĐ-UBND",
        "Thái Nguyên, ngày 02 tháng 11 năm 2026",
    ]
    assert place.box.bottom > 842 * 0.8
    assert 0 < place.box.left < place.box.right < 595


@pytest.mark.parametrize(
    ("day", "written"),
    [
        (date(2026, 1, 9), ["09", "01"]),
        (date(2026, 2, 10), ["10", "02"]),
        (date(2026, 3, 31), ["31", "3"]),
        (date(2026, 12, 1), ["01", "12"]),
    ],
)
def test_small_days_and_months_have_a_zero(draft, day, written):
    place = place_number(draft, reference="1/2026/QĐ-UBND", issued_on=day, place="X")
    assert [run.text for run in place.runs][1:] == written


# -- the person ------------------------------------------------------------------------------------


def test_the_image_stands_between_title_and_name(draft):
    place = place_person(draft, name="Trịnh Việt Hùng", image=picture())
    with opened(draft) as document:
        page = read_page(document, 0)
    name = [one for one in page.lines if one.text == "TrịnhViệtHùng"][-1]
    title = next(one for one in page.lines if one.text.endswith("CHỦTỊCH"))
    assert place.found is Found.TEXT
    assert name.baseline + name.size * 0.7 < place.box.bottom
    assert place.box.top < title.baseline
    middle = (name.letters[0].left + name.letters[-1].right) / 2
    assert (place.box.left + place.box.right) / 2 == pytest.approx(middle, abs=0.1)
    assert place.box.width / place.box.height == pytest.approx(600 / 240, rel=0.01)


def test_the_name_in_the_text_is_not_the_signature():
    mention = (80, 400, "Theo đề nghị của ông Lê Văn An")
    guessed = place_person(letter_page(mention), name="Lê Văn An", image=picture())
    assert guessed.found is Found.GEOMETRY
    block = ((350, 300, "GIÁM ĐỐC"), (340, 200, "Lê Văn An"))
    read = place_person(letter_page(mention, *block), name="Lê Văn An", image=picture())
    assert read.found is Found.TEXT
    assert read.box.top < 300


@pytest.mark.parametrize("form", ["NFC", "NFD"])
@pytest.mark.parametrize("name", ["Nguyễn Thị Ánh Tuyết", "NGUYỄN THỊ ÁNH TUYẾT"])
def test_names_are_compared_by_their_letters(form, name):
    shown = unicodedata.normalize(form, "Nguyễn Thị Ánh Tuyết")
    pdf = letter_page((350, 300, "GIÁM ĐỐC"), (330, 200, shown), (60, 200, "- Lưu: VT."))
    place = place_person(pdf, name=name, image=picture())
    assert place.found is Found.TEXT
    assert 210 < place.box.bottom < place.box.top < 300


def test_an_academic_title_may_stand_before_the_name():
    pdf = letter_page((350, 300, "GIÁM ĐỐC"), (330, 200, "PGS.TS. Lê Văn An"))
    assert place_person(pdf, name="Lê Văn An", image=picture()).found is Found.TEXT


def test_the_last_page_with_the_block_counts(layout, pki):
    block = "#align(right)[*CHỦ TỊCH* #v(75pt) *Lê Văn An*]"
    pdf = layout(
        HEAD + f"Trang một.\n#pagebreak()\n{block}\n#pagebreak()\nPhụ lục của ông Lê Văn An."
    )
    assert place_person(pdf, name="Lê Văn An", image=picture()).page == 1


def test_without_a_name_the_title_tells_the_place():
    pdf = letter_page((340, 300, "KT. CHỦ TỊCH"), (345, 284, "PHÓ CHỦ TỊCH"))
    place = place_person(pdf, name="Lê Văn An", image=picture(), position="Phó Chủ tịch")
    assert place.found is Found.TEXT
    assert place.box.top < 284


def test_without_both_the_place_is_guessed_and_said_so():
    place = place_person(letter_page((80, 600, "Trang trống")), name="Lê Văn An", image=picture())
    assert place.found is Found.GEOMETRY
    assert place.box.left > 595 / 2
    assert 0 < place.box.bottom < place.box.top < 600


def test_a_tall_image_keeps_its_proportions(draft):
    place = place_person(draft, name="Trịnh Việt Hùng", image=picture(100, 400))
    assert place.box.height / place.box.width == pytest.approx(4, rel=0.01)
    assert place.box.height <= 27 * MM + 0.01


@pytest.mark.parametrize("image", [b"", b"GIF89a", picture()[:40], picture(5000, 10)])
def test_an_unusable_image_is_refused(draft, image):
    with pytest.raises(ImageRefused):
        place_person(draft, name="Trịnh Việt Hùng", image=image)


# -- turned and cropped pages ----------------------------------------------------------------------


@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
def test_a_turned_page_has_the_same_places_as_seen(rotation):
    """Draw the upright page turned against /Rotate: the reader sees the same page."""
    lines = (
        (60, 730, "Số:        /QĐ"),
        (280, 730, "Huế, ngày    tháng    năm 2026"),
        (350, 300, "GIÁM ĐỐC"),
        (340, 200, "Lê Văn An"),
    )
    turned = {
        0: ("", (0, 0, 595, 842)),
        90: ("0 1 -1 0 842 0 cm\n", (0, 0, 842, 595)),
        180: ("-1 0 0 -1 595 842 cm\n", (0, 0, 595, 842)),
        270: ("0 -1 1 0 0 595 cm\n", (0, 0, 842, 595)),
    }
    matrix, box = turned[rotation]
    with pikepdf.open(io.BytesIO(letter_page(*lines, matrix=matrix))) as document:
        page = document.pages[0]
        page.MediaBox = list(box)
        page.Rotate = rotation
        out = io.BytesIO()
        document.save(out)
    pdf = out.getvalue()
    upright = letter_page(*lines)
    with opened(pdf) as document:
        view = read_page(document, 0).view
    for place, expected in (
        (number(pdf, "7/QĐ"), number(upright, "7/QĐ")),
        (
            place_person(pdf, name="Lê Văn An", image=picture()),
            place_person(upright, name="Lê Văn An", image=picture()),
        ),
    ):
        assert place.rotation == rotation
        assert tuple(view.seen_box(place.box)) == pytest.approx(tuple(expected.box), abs=0.5)
        assert [run.text for run in place.runs] == [run.text for run in expected.runs]


def test_a_cropped_page_keeps_its_places(draft):
    with pikepdf.open(io.BytesIO(draft)) as document:
        document.pages[0].CropBox = [20, 30, 590, 830]
        out = io.BytesIO()
        document.save(out)
    cropped = out.getvalue()
    assert number(cropped).box == pytest.approx(number(draft).box, abs=0.01)


@given(
    crop=st.tuples(
        st.floats(-500, 500), st.floats(-500, 500), st.floats(1, 2000), st.floats(1, 2000)
    ),
    corners=st.tuples(*[st.floats(0, 1)] * 4),
    rotation=st.sampled_from([0, 90, 180, 270]),
)
def test_seen_and_user_space_are_each_others_inverse(crop, corners, rotation):
    left, bottom, width, height = crop
    view = View(Box(left, bottom, left + width, bottom + height), rotation)
    a, b, c, d = corners
    box = Box(
        min(a, c) * view.width,
        min(b, d) * view.height,
        max(a, c) * view.width,
        max(b, d) * view.height,
    )
    user = view.user_box(box)
    assert view.seen_box(user) == pytest.approx(box, abs=1e-6)
    assert left - 1e-6 <= user.left <= user.right <= left + width + 1e-6
    assert bottom - 1e-6 <= user.bottom <= user.top <= bottom + height + 1e-6


# -- the seal, a drawn box, bad files --------------------------------------------------------------


def test_a_seal_without_a_person_is_guessed(draft):
    place = place_seal(draft)
    assert place.found is Found.GEOMETRY
    assert place.box.width == pytest.approx(37 * MM)


def test_a_seal_stays_on_the_page(draft, keystore, now):
    spot = place_box(draft, 0, Box(5, 2, 90, 30))
    signed = sign_pdf(draft, SignRequest(SignRole.APPROVE, now, spot), keystore("chutich"))
    place = place_seal(signed)
    assert place.box.left >= 0
    assert place.box.bottom >= 0


def test_a_box_outside_the_document_is_refused(draft):
    with pytest.raises(PageMissing):
        place_box(draft, 3, Box(0, 0, 10, 10))


def test_bad_files_are_named(draft):
    with pikepdf.open(io.BytesIO(draft)) as document:
        out = io.BytesIO()
        document.save(out, encryption=pikepdf.Encryption(owner="a", user="b"))
    with pytest.raises(EncryptedPdf):
        number(out.getvalue())
    with pytest.raises(TruncatedPdf):
        number(b"%PDF-1.7\nnothing")
