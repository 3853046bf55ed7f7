"""The server's word on what was sent."""

from datetime import UTC, date, datetime, time
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.expressions import VIETNAM
from forms import FormInvalid, MissingChoices, Upload, check_form, validate


def form(*components):
    return check_form({"id": "test", "type": "default", "components": list(components)})


def field(kind="textfield", key="x", **more):
    rules = more.pop("rules", {})
    return {"type": kind, "key": key, "label": f"Mục {key}", "validate": rules, **more}


def one(component, value, **more):
    return validate(form(component), {component["key"]: value}, **more).data[component["key"]]


def fault(component, value, language="vi", **more):
    with pytest.raises(FormInvalid) as caught:
        validate(form(component), {component["key"]: value}, language=language, **more)
    assert list(caught.value.errors) == [component["key"]]
    return caught.value.errors[component["key"]][0]


OPTIONS = [{"label": "Có", "value": "yes"}, {"label": "Không", "value": "no"}]


@pytest.mark.parametrize(
    ("component", "value", "expected"),
    [
        (field(), "  Trích yếu  ", "Trích yếu"),
        (field(), "", None),
        (field(), "   ", None),
        (field(), "\u200b\u00a0\u3164\u2800", None),  # nothing of it is seen
        (field(), "\u200bTrích yếu", "\u200bTrích yếu"),
        (field(), None, None),
        (field("textarea"), "một\r\nhai", "một\nhai"),
        (field("number"), "12", 12),
        (field("number"), 12, 12),
        (field("number"), 12.0, 12),
        (field("number"), "1.234.567", 1234567),
        (field("number", decimalDigits=2), "1.234,5", Decimal("1234.5")),
        (field("number", decimalDigits=2), "12,50", Decimal("12.50")),
        (field("number", decimalDigits=2), "12.5", Decimal("12.5")),
        (field("number", decimalDigits=1), 0.1, Decimal("0.1")),
        (field("datetime"), "22/11/2026", date(2026, 11, 22)),
        (field("datetime"), "2/1/2026", date(2026, 1, 2)),
        (field("datetime"), "2026-11-22", date(2026, 11, 22)),
        (field("datetime"), date(2026, 11, 22), date(2026, 11, 22)),
        (field("datetime"), "29/02/2028", date(2028, 2, 29)),
        (field("datetime", subtype="time"), "16:30", time(16, 30)),
        (field("datetime", subtype="time"), "16h30", time(16, 30)),
        (
            field("datetime", subtype="datetime"),
            "22/11/2026 16:30",
            datetime(2026, 11, 22, 16, 30, tzinfo=VIETNAM),
        ),
        (
            field("datetime", subtype="datetime"),
            "2026-11-22T09:30:00Z",
            datetime(2026, 11, 22, 9, 30, tzinfo=UTC),
        ),
        (field("checkbox"), True, True),
        (field("checkbox"), "on", True),
        (field("checkbox"), None, False),
        (field("radio", values=OPTIONS), "yes", "yes"),
        (field("checklist", values=OPTIONS), ["no", "yes", "no"], ["no", "yes"]),
        (field("checklist", values=OPTIONS), None, []),
        (field(rules={"validationType": "phone"}), "0912 345 678", "0912 345 678"),
        (field(rules={"validationType": "email"}), "a@b.gov.vn", "a@b.gov.vn"),
        (field(rules={"pattern": "[0-9]{2}"}), "12", "12"),
    ],
)
def test_values(component, value, expected):
    found = one(component, value)
    assert found == expected
    assert type(found) is type(expected)


@pytest.mark.parametrize(
    ("component", "value", "words"),
    [
        (field(rules={"required": True}), "  ", "Chưa nhập “Mục x”."),
        (field("radio", values=OPTIONS, rules={"required": True}), None, "Chưa chọn"),
        (field("checkbox", rules={"required": True}), False, "Cần đánh dấu"),
        (field("filepicker", rules={"required": True}), [], "Chưa đính kèm"),
        (field("checklist", values=OPTIONS, rules={"required": True}), [], "Chưa chọn"),
        (field(), 12, "phải là chữ"),
        (field(), ["a"], "phải là chữ"),
        (field(), "a\nb", "một dòng"),
        (field(), "a\x00b", "ký tự điều khiển"),
        (field(), "a\u202eb", "ký tự điều khiển"),
        (field(), "a\ud800", "ký tự điều khiển"),
        (field(), "x" * 1_001, "không quá 1000 ký tự (đang có 1001)"),
        (field("textarea"), "x" * 100_001, "không quá 100000"),
        (field(rules={"maxLength": 3}), "abcd", "không quá 3 ký tự"),
        (field(rules={"minLength": 3}), "ab", "ít nhất 3 ký tự"),
        (field(rules={"pattern": "[0-9]{2}"}), "123", "không đúng định dạng"),
        (field(rules={"pattern": "[0-9]{2}"}), "١٢", "không đúng định dạng"),
        (
            field(
                rules={"pattern": r"\d+", "patternErrorMessage": "Chỉ ghi chữ số."},
                properties={"en:patternErrorMessage": "Digits only."},
            ),
            "x",
            "Chỉ ghi chữ số.",
        ),
        (field(rules={"validationType": "phone"}), "12345", "số điện thoại"),
        (field(rules={"validationType": "email"}), "a@b", "thư điện tử"),
        (field("number"), "abc", "phải là số"),
        (field("number"), "1,5", "số nguyên"),
        (field("number"), "1e5", "phải là số"),
        (field("number"), "٣", "phải là số"),
        (field("number"), True, "phải là số"),
        (field("number"), float("nan"), "phải là số"),
        (field("number"), 10**400, "phải là số"),
        (field("number"), "9" * 50, "phải là số"),
        (field("number", decimalDigits=2), "1.234", "chưa rõ"),
        (field("number", decimalDigits=2), "1,234", "2 chữ số thập phân"),
        (field("number", rules={"min": 1}), "0", "từ 1 trở lên"),
        (field("number", decimalDigits=1, rules={"max": "1.5"}), "2", "lớn hơn 1,5"),
        (field("datetime"), "31/02/2026", "ngày có thật"),
        (field("datetime"), "29/02/2026", "ngày có thật"),
        (field("datetime"), "2026-02-31", "ngày có thật"),
        (field("datetime"), "11/22/2026", "ngày có thật"),
        (field("datetime"), "22/11/26", "ngày có thật"),
        (field("datetime"), 20261122, "ngày có thật"),
        (field("datetime"), "22/11/0206", "từ 1900"),
        (field("datetime", subtype="time"), "25:00", "giờ có thật"),
        (field("datetime", subtype="datetime"), "31/02/2026 10:00", "ngày giờ có thật"),
        (field("checkbox"), "maybe", "có hoặc không"),
        (field("radio", values=OPTIONS), "perhaps", "không có trong danh sách"),
        (field("radio", values=OPTIONS), ["yes"], "không có trong danh sách"),
        (field("checklist", values=OPTIONS), ["yes", "x"], "không có trong danh sách"),
        (field("checklist", values=OPTIONS), "yes", "phải là một danh sách"),
        (field("filepicker"), ["../../etc/passwd"], "đính kèm lại"),
        (field("filepicker"), ["unknown"], "không còn trên máy chủ"),
        (field("filepicker"), ["a", "b"], "một tệp"),
    ],
)
def test_faults(component, value, words):
    assert words in fault(component, value)
    assert words not in fault(component, value, language="en") or words.isascii()


def test_decomposed_text_is_composed_before_it_is_counted():
    decomposed = "Quye\u0302\u0301t \u0111i\u0323nh"
    assert len(decomposed) == 13
    assert one(field(rules={"maxLength": 10}), decomposed) == "Quyết định"


def test_unknown_keys_are_refused_and_what_was_typed_is_kept():
    raw = {"x": "a", "y": 1}
    with pytest.raises(FormInvalid) as caught:
        validate(form(field()), raw)
    assert "không có mục “y”" in caught.value.errors["y"][0]
    assert caught.value.raw == raw
    assert "Có 1 mục cần sửa" in caught.value.text("vi")


@pytest.mark.parametrize("raw", [None, [], "x", 1, [{"x": 1}]])
def test_only_an_object_is_a_submission(raw):
    with pytest.raises(FormInvalid):
        validate(form(field()), raw)


OUTCOME = field("radio", "outcome", values=OPTIONS, rules={"required": True})
REASON = field(key="reason", rules={"required": True}, conditional={"hide": '=outcome != "no"'})


def test_a_conditional_field_is_required_only_where_it_shows():
    judged = form(OUTCOME, REASON)
    assert validate(judged, {"outcome": "yes"}).data == {"outcome": "yes"}
    with pytest.raises(FormInvalid) as caught:
        validate(judged, {"outcome": "no"})
    assert list(caught.value.errors) == ["reason"]
    assert validate(judged, {"outcome": "no", "reason": "Sai nơi nhận"}).data == {
        "outcome": "no",
        "reason": "Sai nơi nhận",
    }


def test_a_hidden_value_is_dropped_never_stored_and_its_faults_do_not_matter():
    judged = form(OUTCOME, REASON, field("datetime", "on", conditional={"hide": '=outcome="no"'}))
    found = validate(judged, {"outcome": "yes", "reason": "x", "on": "22/11/2026"})
    assert found.data == {"outcome": "yes", "on": date(2026, 11, 22)}
    assert found.dropped == ("reason",)
    assert validate(judged, {"outcome": "no", "reason": "x", "on": "31/02"}).data == {
        "outcome": "no",
        "reason": "x",
    }


def test_a_hidden_field_hides_what_depends_on_it():
    chain = form(
        field("checkbox", "a"),
        field("checkbox", "b", conditional={"hide": "=a != true"}),
        field(key="c", conditional={"hide": "=b != true"}),
    )
    found = validate(chain, {"a": False, "b": True, "c": "x"})
    assert found.data == {"a": False}
    assert set(found.dropped) == {"b", "c"}


def test_a_group_hides_all_its_fields():
    group = {
        "type": "group",
        "label": "Nhóm",
        "path": "sender",
        "conditional": {"hide": "=a != true"},
        "components": [field(key="name", rules={"required": True})],
    }
    grouped = form(field("checkbox", "a"), group)
    assert validate(grouped, {"a": False, "sender": {"name": "x"}}).data == {"a": False}
    assert validate(grouped, {"a": True, "sender": {"name": "x"}}).data["sender"] == {"name": "x"}
    with pytest.raises(FormInvalid) as caught:
        validate(grouped, {"a": True, "sender": {"nam": "x"}})
    assert set(caught.value.errors) == {"sender.nam", "sender.name"}


def test_read_only_values_come_from_the_server():
    fixed = form(field(readonly=True), field(key="y", disabled=True, defaultValue="d"))
    found = validate(fixed, {"x": "forged", "y": "forged"}, server_values={"x": "true"})
    assert found.data == {"x": "true", "y": "d"}
    assert found.dropped == ("x", "y")


def test_choices_come_from_the_caller():
    chosen = field("select", valuesKey="units")
    assert one(chosen, "u1", choices={"units": {"u1": "Phòng CNTT"}}) == "u1"
    assert "không có trong danh sách" in fault(chosen, "u2", choices={"units": ["u1"]})
    with pytest.raises(MissingChoices):
        validate(form(chosen), {"x": "u1"})
    assert one(chosen, "") is None


ROWS = {
    "type": "dynamiclist",
    "path": "rows",
    "label": "Phối hợp",
    "properties": {"cv:min-rows": "1", "cv:max-rows": "2"},
    "components": [
        field(key="unit", rules={"required": True}),
        field("checkbox", "late"),
        field(key="why", rules={"required": True}, conditional={"hide": "=late != true"}),
    ],
}


def test_rows():
    rowed = form(ROWS)
    found = validate(
        rowed, {"rows": [{"unit": "a", "why": "x"}, {"unit": "b", "late": True, "why": "w"}]}
    )
    assert found.data == {
        "rows": [{"unit": "a", "late": False}, {"unit": "b", "late": True, "why": "w"}]
    }
    assert found.dropped == ("rows.0.why",)
    with pytest.raises(FormInvalid) as caught:
        validate(rowed, {"rows": [{"unit": "a"}, {"late": True, "foo": 1}]})
    assert set(caught.value.errors) == {"rows.1.unit", "rows.1.why", "rows.1.foo"}
    assert caught.value.errors["rows.1.unit"] == ["Dòng 2: Chưa nhập “Mục unit”."]


@pytest.mark.parametrize(
    ("rows", "words"),
    [([], "ít nhất 1 dòng"), ([{"unit": "a"}] * 3, "không quá 2 dòng"), ("x", "danh sách")],
)
def test_number_of_rows(rows, words):
    with pytest.raises(FormInvalid) as caught:
        validate(form(ROWS), {"rows": rows})
    assert words in caught.value.errors["rows"][0]


def test_rows_must_be_objects():
    with pytest.raises(FormInvalid) as caught:
        validate(form(ROWS), {"rows": ["x"]})
    assert "“Phối hợp” phải là một nhóm" in caught.value.errors["rows.0"][0]


def test_files_are_looked_up():
    files = field(
        "filepicker", multiple=True, accept=".pdf", properties={"cv:max-bytes": "2097152"}
    )
    uploads = {
        "a": Upload("Cong van.PDF", 1_000),
        "b": Upload("x.exe", 1),
        "c": Upload("y.pdf", 3_000_000),
    }
    assert one(files, ["a", "a"], uploads=uploads) == ["a"]
    assert "chỉ nhận tệp .pdf" in fault(files, ["a", "b"], uploads=uploads)
    assert "lớn hơn mức cho phép 2 MB" in fault(files, ["c"], uploads=uploads)


def test_computed_fields_and_limits():
    computed = form(
        field("number", "a"),
        field("number", "b", rules={"max": "=a * 2"}),
        {"type": "expression", "key": "sum", "expression": "=a + b"},
    )
    assert validate(computed, {"a": 2, "b": 4, "sum": 99}).data["sum"] == 6
    with pytest.raises(FormInvalid) as caught:
        validate(computed, {"a": 2, "b": 5})
    assert "không được lớn hơn 4" in caught.value.errors["b"][0]


def test_a_check_has_its_own_words():
    checked = field(
        "datetime",
        properties={
            "cv:check": '=x >= date("2026-01-01")',
            "cv:check-message": "Ngày phải trong năm.",
            "en:check-message": "A date of the year.",
        },
    )
    assert one(checked, "01/01/2026") == date(2026, 1, 1)
    assert fault(checked, "31/12/2025") == "Ngày phải trong năm."
    assert fault(checked, "31/12/2025", language="en") == "A date of the year."


def test_rules_about_today_use_the_given_clock():
    ahead = field("datetime", disallowPassedDates=True)
    late = datetime(2026, 11, 21, 18, tzinfo=UTC)  # already the 22nd in Vietnam
    assert one(ahead, "22/11/2026", now=late) == date(2026, 11, 22)
    assert "đã qua" in fault(ahead, "21/11/2026", now=late)
    with pytest.raises(ValueError, match="now is needed"):
        one(ahead, "21/11/2026")


def test_secrets_are_never_given_back():
    secret = form(field(key="pin", properties={"cv:sensitive": "true"}), field())
    found = validate(secret, {"pin": "1234", "x": "a"})
    assert found.data["pin"] == "1234"
    assert found.storable() == {"x": "a"}
    assert "1234" not in repr(found.as_json())
    with pytest.raises(FormInvalid) as caught:
        validate(secret, {"pin": "1234", "y": "a"})
    assert "1234" not in repr(caught.value.raw)


def test_as_json_is_plain():
    plain = form(field("datetime", "on"), field("number", "n", decimalDigits=1), ROWS)
    found = validate(plain, {"on": "22/11/2026", "n": "1,5", "rows": [{"unit": "a"}]})
    assert found.as_json() == {
        "on": "2026-11-22",
        "n": "1.5",
        "rows": [{"unit": "a", "late": False}],
    }


_ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=5,
)
_KEYS = {"x", "n", "d", "t", "m", "c", "l", "f", "rows"}
_FORM = form(
    field(rules={"maxLength": 5, "pattern": "(a|b)*"}),
    field("number", "n", decimalDigits=2),
    field("datetime", "d"),
    field("datetime", "t", subtype="time"),
    field("datetime", "m", subtype="datetime"),
    field("checkbox", "c"),
    field("checklist", "l", values=OPTIONS),
    field("filepicker", "f"),
    ROWS,
)


@settings(max_examples=300, deadline=None, derandomize=True)
@given(st.dictionaries(st.sampled_from([*sorted(_KEYS), "zz"]), _ANYTHING))
def test_any_input_is_valid_or_explained(raw):
    try:
        found = validate(_FORM, raw).data
    except FormInvalid as error:
        found = dict.fromkeys(_KEYS) if all(map(all, error.errors.values())) else {}
    assert found.keys() == _KEYS


def test_what_the_office_finds_illegible_is_refused_at_its_field():
    def is_legible(text: str) -> bool:
        return "¸" not in text

    rows = {
        "type": "dynamiclist", "path": "rows", "label": "Dòng",
        "components": [field(key="y")], "properties": {"en:label": "Rows"},
    }  # fmt: skip
    both = form(field(), field(key="pin", properties={"cv:sensitive": "true"}), rows)
    raw = {"x": "Th¸i Nguyªn", "pin": "¸", "rows": [{"y": "tốt"}, {"y": "c¸o"}]}
    with pytest.raises(FormInvalid) as refused:
        validate(both, raw, is_legible=is_legible)
    assert sorted(refused.value.errors) == ["rows.1.y", "x"], "a passphrase is no text"
    assert "TCVN3" in refused.value.errors["x"][0]
    assert validate(both, raw).data["x"] == "Th¸i Nguyªn", "the control: nobody was asked"
