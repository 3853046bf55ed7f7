"""Unicode, TCVN3 and VNI: what officials send is what is stored."""

import unicodedata
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from records.encoding import (
    _TCVN3,
    Encoding,
    _vni,
    convert,
    decode,
    detect,
    fold,
    is_unicode,
    repair,
    sort_key,
)
from records.syllable import is_syllable

WORDS = (
    "Ủy ban nhân dân tỉnh Thái Nguyên quyết định về việc ban hành Quy chế quản lý, sử dụng phần mềm "
    "văn bản điều hành; căn cứ Luật Tổ chức chính quyền địa phương, xét đề nghị của Giám đốc Sở "
    "giải quyết khiếu nại nghiêm ngặt thuở huỳnh khuya ngoằn ngoèo quýt gì giếng rượu hươu"
)
#: two words may read as well in another encoding; a sentence of a document does not
SENTENCES = st.lists(st.sampled_from(WORDS.split()), min_size=6, max_size=14).map(" ".join)
REGULATION = Path(__file__).parents[3] / "shared" / "spec" / "regulation-188-2018.vi.txt"


def to_tcvn3(text: str) -> str:
    """Write Unicode in TCVN3; its capitals with tones come from a capital font: small bytes."""
    back = {new: old for old, new in _TCVN3.items()}
    return "".join(back.get(c) or back.get(c.lower()) or c for c in text)


def to_vni(text: str) -> str:
    back = {new: old for old, new in reversed(_vni().items())}
    return "".join(back.get(c, c) for c in text)


@given(SENTENCES)
def test_a_vni_sentence_comes_back(sentence):
    old = to_vni(sentence)
    found = repair(old)
    assert found.text == sentence
    assert old.isascii() or found.encoding is Encoding.VNI or old == sentence


@given(SENTENCES.map(str.lower))
def test_a_tcvn3_sentence_comes_back(sentence):
    old = to_tcvn3(sentence)
    assert repair(old).text == sentence
    assert old == sentence or detect(old) is Encoding.TCVN3


@given(SENTENCES, st.sampled_from(["NFC", "NFD", "NFKC", "NFKD"]))
def test_unicode_of_any_form_stays_unicode(sentence, form):
    assert repair(unicodedata.normalize(form, sentence)) == (sentence, Encoding.UNICODE)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("Céng hßa x· héi chñ nghÜa ViÖt Nam", "Cộng hòa xã hội chủ nghĩa Việt Nam"),
        ("QUYÕT §ÞNH", "QUYẾT ĐỊNH"),
        ("Coäng hoøa xaõ hoäi chuû nghóa Vieät Nam", "Cộng hòa xã hội chủ nghĩa Việt Nam"),
        ("ÑOÄC LAÄP - TÖÏ DO - HAÏNH PHUÙC", "ĐỘC LẬP - TỰ DO - HẠNH PHÚC"),
    ],
)
def test_known_lines(old, new):
    assert repair(old).text == new


def test_what_is_no_vietnamese_is_left_alone():
    for text in ("Müller & Söhne, café", "naïve façade ©2026", "", "ASCII only", "日本語"):
        assert repair(text) == (text, Encoding.UNICODE)


@given(st.text())
def test_nothing_breaks_and_twice_is_once(text):
    once = repair(text).text
    assert unicodedata.is_normalized("NFC", once)
    assert convert(once, Encoding.UNICODE) == once


@pytest.mark.skipif(not REGULATION.exists(), reason="the regulation's text is not beside the tree")
def test_the_whole_regulation_survives_the_trip():
    text = unicodedata.normalize("NFC", REGULATION.read_text("utf-8"))
    assert repair(text) == (text, Encoding.UNICODE)
    assert repair(to_vni(text)) == (text, Encoding.VNI)
    small = text.lower()
    assert repair(to_tcvn3(small)) == (small, Encoding.TCVN3)
    wrong = [
        w for w in text.lower().split() if w.isalpha() and not w.isascii() and not is_syllable(w)
    ]
    assert len(wrong) / len(text.split()) < 0.01


def test_bytes_are_read_by_their_mark_or_by_their_syllables():
    text = "Quyết định của Ủy ban"
    assert decode(text.encode("utf-8-sig")) == (text, Encoding.UNICODE)
    assert decode(text.encode("utf-16")) == (text, Encoding.UNICODE)
    assert decode(to_vni(text).encode("latin-1")) == (text, Encoding.VNI)
    assert decode(bytes.fromhex("515579D574 20 A7DE6E68".replace(" ", ""))[1:]).text == "Uyết Định"


@given(st.text())
def test_folding_is_plain_and_final(text):
    assert fold(fold(text)) == fold(text)
    assert not any(unicodedata.combining(c) for c in unicodedata.normalize("NFD", fold(text)))


def test_all_vietnamese_letters_fold_to_ascii():
    letters = set(_TCVN3.values()) | {c.upper() for c in _TCVN3.values()}
    assert len(letters) == 134
    for form in ("NFC", "NFD"):
        assert all(fold(unicodedata.normalize(form, c)).isascii() for c in letters)
    assert fold("QUYẾT ĐỊNH") == "quyet dinh"


def test_dictionary_order():
    ordered = (
        "an An àn Àn án ạn ăn ân ba bà bả bã bá bạ ca da đa đào em êm ga oanh ôn ơn ung ưng xa yên"
    )
    words = ordered.split()
    assert sorted(set(words), key=sort_key) == words
    assert sorted(words) != words  # code points do not give it


def test_letters_decide_before_tones():
    assert sort_key("Lê Văn An") < sort_key("Lê Văn Án") < sort_key("Lê Văn Ba")
    assert sort_key("Lê An") < sort_key("Lê Án") < sort_key("Lê An Bình")
    assert sort_key("Hoà") < sort_key("Hoàng") < sort_key("Hồ")
    assert sort_key("So 9") < sort_key("So a")


@given(st.text(), st.text())
@example("a\u0301", "á")
def test_equal_keys_mean_equal_text(one, other):
    same = unicodedata.normalize("NFC", one) == unicodedata.normalize("NFC", other)
    if same:
        assert sort_key(one) == sort_key(other)
    elif all(c.isalpha() and c in "aáàâbcđ" for c in one + other):
        assert sort_key(one) != sort_key(other)


@pytest.mark.parametrize(
    "word", ["nghiêng", "khuỷu", "quyển", "giữa", "Thuở", "ngoằn", "xoong", "ý", "uỷ", "ủy"]
)
def test_syllables(word):
    assert is_syllable(word)


@pytest.mark.parametrize("word", ["Thaùi", "quyÕt", "àc", "ớớ", "str", "zebra", "", "đđ", "bàt"])
def test_no_syllables(word):
    assert not is_syllable(word)


# -- what is typed is Unicode or it is refused -----------------------------------------------------

#: Unicode that looks as if it were not: signs, units, names of other countries
UNICODE = (
    "báo cáo quý ½",
    "Khổ giấy A4 (210 × 297 mm)",
    "Bụi mịn 2,5 µm, nhiệt độ 37°C, diện tích 5 m²",
    "Đoàn công tác Île-de-France, São Paulo, Zürich, Citroën, naïve, Noël",
    "V/v xác minh – “thông báo” § 5",
    "Văn bản số 15/2026/NĐ-CP",
    "",
)


@pytest.mark.parametrize("text", UNICODE)
def test_unicode_is_legible_whatever_signs_it_holds(text):
    assert is_unicode(text)
    assert is_unicode(unicodedata.normalize("NFD", text))


@given(SENTENCES)
def test_a_sentence_of_a_document_is_legible(sentence):
    assert is_unicode(sentence)


@pytest.mark.parametrize("write", [to_tcvn3, to_vni], ids=["TCVN3", "VNI"])
@pytest.mark.parametrize(
    "text", ["báo cáo tình hình thực hiện", "thái nguyên", "đề nghị phối hợp giải quyết"]
)
def test_old_encodings_are_not(write, text):
    assert is_unicode(text)
    old = write(text)
    assert old != text
    assert not is_unicode(old)
    # pasted into a sentence of Unicode as well
    assert not is_unicode(f"Về việc {old} được giao")
