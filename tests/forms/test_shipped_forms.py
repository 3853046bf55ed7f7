"""Every form of the two procedures: it loads, it speaks two languages, it takes and refuses."""

import re
import unicodedata
from datetime import date
from pathlib import Path

import pytest

import forms
from engine.expressions import compile_expression
from forms import FormInvalid, Upload, load_form, shipped_keys, validate, view_form
from forms.components import Field, Group, Note, Rows
from records.vocabulary import Channel, DraftSource, IssueForm, Secrecy, Urgency

KEYS = [
    *("incoming-" + step for step in ("receive", "check", "register", "present", "direct")),
    *("incoming-" + step for step in ("assign", "process", "cooperate", "follow-up", "complete")),
    *("incoming-" + step for step in ("review", "acknowledge", "file")),
    *("outgoing-" + step for step in ("draft", "comment", "approve-content", "check-format")),
    *("outgoing-" + step for step in ("sign", "number", "register", "seal", "issue", "store")),
    "document-copy",
    *("recall-" + step for step in ("ask", "decide")),
    *("update-" + step for step in ("ask", "decide")),
    "replace-decide",
]
ANY_ID = {"a1": "A", "a2": "B"}
UPLOADS = {"f1": Upload("du-thao.docx", 1_000), "f2": Upload("van-ban.pdf", 1_000)}

GOOD = {
    "incoming-receive": {
        "channel": "post",
        "organ_name": "UBND tỉnh Thái Nguyên",
        "subject": "Về việc báo cáo kết quả thực hiện Quy chế",
        "urgency": "urgent",
        "secrecy": "none",
        "files": ["f2"],
    },
    "incoming-check": {"outcome": "accept"},
    "incoming-register": {
        "document_type": "a1",
        "issued_on": "20/11/2026",
        "arrived_on": "22/11/2026",
        "organ_name": "UBND tỉnh",
        "subject": "Về việc báo cáo",
        "page_amount": "3",
    },
    "incoming-present": {"proposal": "Đề nghị giao Phòng CNTT"},
    "incoming-direct": {"outcome": "direct", "lead_unit": "a1", "deadline": "30/11/2026"},
    "incoming-assign": {"outcome": "assign", "lead_officer": "a1"},
    "incoming-process": {"outcome": "continue", "progress": 50, "opinion": "Đang tổng hợp"},
    "incoming-cooperate": {"opinion": "Nhất trí"},
    "incoming-review": {"outcome": "assign", "unit": "a1", "deadline": "30/11/2026"},
    "incoming-acknowledge": {},
    "incoming-follow-up": {"text": "Khẩn trương hoàn thành"},
    "incoming-complete": {"outcome": "accept", "summary": "Đã trả lời"},
    "incoming-file": {"new_dossier_title": "Hồ sơ triển khai Quy chế", "retention": "20 năm"},
    "outgoing-draft": {
        "document_type": "a1",
        "subject": "Ban hành Quy chế",
        "recipients": [{"agency": "a1"}, {"agency": "a2", "for_information": True}],
        "source": "template",
        "body": "Điều 1. …",
        "signatory": "a1",
        "urgency": "normal",
        "secrecy": "none",
    },
    "outgoing-comment": {"outcome": "agree"},
    "outgoing-approve-content": {"outcome": "approve"},
    "outgoing-check-format": {"outcome": "approve", "checked": ["heading", "body"]},
    "outgoing-sign": {"outcome": "sign", "pin": "1234"},
    "outgoing-number": {"pin": "1234"},
    "outgoing-register": {"issue_form": "electronic", "copies": 5},
    "outgoing-seal": {"confirm": True, "pin": "1234"},
    "outgoing-issue": {"confirm": True, "issue_form": "electronic"},
    "outgoing-store": {"dossier": "a1"},
    "document-copy": {
        "form": "trích sao",
        "pages": "1, 3-4",
        "permitted_by": "Trịnh Việt Hùng",
        "pin": "mat-khau",
    },
    "recall-ask": {"kind": "take_back", "recipients": ["a1"], "reason": "Gửi nhầm nơi nhận"},
    "update-ask": {"subject": "Báo cáo", "urgency": "normal", "reason": "Sai trích yếu"},
    "update-decide": {"outcome": "agree"},
    "replace-decide": {"outcome": "agree"},
    "recall-decide": {"outcome": "refuse", "reason": "Đã giải quyết xong"},
}


def choices(key):
    return dict.fromkeys(load_form(key).sources, ANY_ID)


def submit(key, raw):
    return validate(load_form(key), raw, choices=choices(key), uploads=UPLOADS)


def faults(key, raw):
    with pytest.raises(FormInvalid) as caught:
        submit(key, raw)
    return caught.value.errors


def parts(components):
    for part in components:
        yield part
        if isinstance(part, (Group, Rows)):
            yield from parts(part.components)


def test_all_are_shipped():
    assert set(shipped_keys()) == set(KEYS)
    assert set(GOOD) == set(KEYS)


@pytest.mark.parametrize("key", KEYS)
def test_good_input(key):
    assert submit(key, GOOD[key]).data is not None


@pytest.mark.parametrize("key", KEYS)
def test_unknown_keys_are_refused(key):
    assert list(faults(key, {**GOOD[key], "is_admin": True})) == ["is_admin"]


@pytest.mark.parametrize("key", KEYS)
def test_both_languages(key):
    form = load_form(key)
    assert form.title() != form.title("en")
    for part in parts(form.components):
        words = [part.words] if isinstance(part, Note) else [part.label]
        if isinstance(part, Field):
            words += [option.words for option in part.options]
            words += [w for w in (part.hint, part.rules.check_words) if w]
        for word in words:
            assert word.vi
            assert word.en
            assert unicodedata.is_normalized("NFC", word.vi)


@pytest.mark.parametrize("key", KEYS)
def test_it_can_be_drawn(key):
    for language in ("vi", "en"):
        view = view_form(load_form(key), language=language, choices=choices(key))
        assert view.title
        assert len(view.parts) > 1


@pytest.mark.parametrize("key", KEYS)
def test_the_file_is_as_an_editor_writes_it(key):
    path = Path(forms.__file__).parent / f"{key}.json"
    text = path.read_text(encoding="utf-8")
    assert unicodedata.is_normalized("NFC", text)
    assert text.endswith("}\n")


RETURNS = [
    *(
        (key, "reason")
        for key in KEYS
        if re.search("check|direct|assign|process|cooperate|complete|approve", key)
    ),
    ("outgoing-sign", "reason"),
]


@pytest.mark.parametrize(("key", "field"), RETURNS)
def test_a_return_needs_its_reason_and_nothing_else(key, field):
    assert list(faults(key, {"outcome": "return"})) == [field]
    assert list(faults(key, {"outcome": "return", field: "  "})) == [field]
    found = submit(key, {"outcome": "return", field: "Không đúng thẩm quyền"})
    given = {name: value for name, value in found.data.items() if value is not None}
    assert given == {"outcome": "return", field: "Không đúng thẩm quyền"}


@pytest.mark.parametrize(("key", "field"), RETURNS)
def test_a_gateway_can_be_checked_against_the_form(key, field):
    names = load_form(key).names()
    assert compile_expression('outcome = "return"', names)
    assert field in names


def test_values_are_those_of_the_records():
    for key, field, words in (
        ("incoming-receive", "channel", Channel),
        ("incoming-receive", "urgency", Urgency),
        ("incoming-receive", "secrecy", Secrecy),
        ("incoming-register", "urgency", Urgency),
        ("outgoing-draft", "source", DraftSource),
        ("outgoing-register", "issue_form", IssueForm),
    ):
        assert load_form(key).names()[field].values == {str(word.value) for word in words}


def test_decomposed_text_counts_as_composed():
    long_title = "ế" * 500
    raw = {**GOOD["incoming-register"], "subject": unicodedata.normalize("NFD", long_title)}
    assert submit("incoming-register", raw).data["subject"] == long_title
    raw["subject"] += "e\u0302\u0301"
    assert "không quá 500 ký tự (đang có 501)" in faults("incoming-register", raw)["subject"][0]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("organ_name", "x" * 201),
        ("code_number", "1" * 12),
        ("code_notation", "x" * 31),
        ("signer_position", "x" * 101),
        ("signer_name", "x" * 51),
        ("language", "x" * 31),
        ("description", "x" * 501),
        ("to_places", "x" * 1_001),
        ("page_amount", "-1"),
        ("issued_on", "31/02/2026"),
        ("due_on", "19/11/2026"),
        ("arrived_on", "19/11/2026"),
        ("urgency", "asap"),
        ("document_type", "other"),
    ],
)
def test_annex_vi_of_decree_30(field, value):
    assert list(faults("incoming-register", {**GOOD["incoming-register"], field: value})) == [field]


def test_dates_in_order_have_words():
    raw = {**GOOD["incoming-register"], "arrived_on": "19/11/2026"}
    assert faults("incoming-register", raw)["arrived_on"] == [
        "Ngày đến không thể trước ngày ban hành văn bản."
    ]


def test_an_unsigned_document_is_taken_in_only_with_a_reason():
    assert list(faults("incoming-check", {"outcome": "accept_unsigned"})) == ["reason"]
    assert submit("incoming-check", {"outcome": "accept", "reason": "x"}).dropped == ("reason",)


def test_a_secret_document_brings_no_file():
    found = submit("incoming-receive", {**GOOD["incoming-receive"], "secrecy": "secret"})
    assert "files" not in found.data
    assert found.dropped == ("files",)


def test_directing():
    raw = {
        **GOOD["incoming-direct"],
        "opinion": "Chủ trì tham mưu",
        "cooperating": [{"unit": "a2", "deadline": "28/11/2026"}],
        "informed": ["a2"],
    }
    found = submit("incoming-direct", raw).data
    assert found["cooperating"] == [{"unit": "a2", "deadline": date(2026, 11, 28)}]
    both = {**raw, "lead_officer": "a1"}
    assert list(faults("incoming-direct", both)) == ["lead_officer"]
    assert submit("incoming-direct", {**both, "lead_unit": None}).data["lead_officer"] == "a1"


def test_a_draft_brings_what_its_source_needs():
    draft = {**GOOD["outgoing-draft"]}
    draft.pop("body")
    assert list(faults("outgoing-draft", draft)) == ["body"]
    assert list(faults("outgoing-draft", {**draft, "source": "docx"})) == ["docx_file"]
    assert list(faults("outgoing-draft", {**draft, "source": "pdf", "pdf_file": ["f1"]})) == [
        "pdf_file"
    ]
    found = submit("outgoing-draft", {**draft, "source": "pdf", "pdf_file": ["f2"]}).data
    assert found["recipients"][1] == {"agency": "a2", "for_information": True}


def test_leaving_the_system_needs_a_reason():
    assert list(faults("outgoing-issue", {"confirm": True, "issue_form": "paper"})) == [
        "off_system_reason"
    ]
    paper = {"issue_form": "parallel", "off_system_reason": "Bên nhận chưa kết nối"}
    assert list(faults("outgoing-register", {**paper, "paper_copies": 1})) == ["paper_copies"]
    assert submit("outgoing-register", {**paper, "paper_copies": 2})


def test_the_passphrase_is_no_variable_of_the_procedure():
    for key in ("outgoing-sign", "outgoing-number", "outgoing-seal"):
        assert "pin" not in load_form(key).names()
        assert "pin" not in submit(key, GOOD[key]).storable()


def test_a_dossier_is_chosen_or_opened():
    assert set(faults("incoming-file", {})) == {"new_dossier_title", "retention"}
    assert submit("incoming-file", {"dossier": "a1", "new_dossier_title": "x"}).data == {
        "dossier": "a1"
    }
