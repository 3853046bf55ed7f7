"""A definition is checked when it is saved or imported, whatever it is."""

import contextlib
import hashlib
import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.expressions import BOOLEAN, DATE, NUMBER, TEXT, context_of, list_of, one_of
from forms import FormRefused, UnknownForm, check_form, load_form
from forms.vocabulary import ATTRIBUTES


def form(*components, **root):
    return {"id": "test-form", "type": "default", "components": list(components), **root}


def field(kind="textfield", key="name", **more):
    return {"type": kind, "key": key, "label": "Tên", **more}


def refused(*components, **root):
    with pytest.raises(FormRefused) as caught:
        check_form(form(*components, **root))
    return caught.value


def test_the_digest_is_of_one_spelling():
    spaced = json.dumps(form(field()), indent=4)
    turned = json.dumps(dict(reversed(form(field()).items())))
    one, other = check_form(spaced), check_form(turned.encode())
    assert one.canonical == other.canonical
    assert one.sha256 == hashlib.sha256(one.canonical).hexdigest()
    assert one == other
    assert check_form(one.canonical) == one
    assert check_form(form(field(label="Tên khác"))) != one


def test_composed_and_decomposed_labels_are_one_form():
    assert check_form(form(field(label="Tên"))) == check_form(form(field(label="Te\u0302n")))


def test_a_definition_cannot_be_changed():
    definition = check_form(form(field()))
    with pytest.raises(AttributeError):
        definition.key = "other"
    with pytest.raises(AttributeError):
        definition.components[0].label = None
    assert definition.numbered(3).version == 3
    assert definition.numbered(3) == definition


def test_title_is_the_first_heading_in_two_languages():
    heading = {"type": "text", "text": "# Tiêu đề\nnữa", "properties": {"en:text": "# Title"}}
    definition = check_form(form(heading, field()))
    assert definition.title() == "Tiêu đề"
    assert definition.title("en") == "Title"
    assert check_form(form(field())).title() == "test-form"


def test_names_declare_the_variables():
    definition = check_form(
        form(
            field(key="subject"),
            field("number", "pages"),
            field("checkbox", "is_petition"),
            field("datetime", "due_on", subtype="date"),
            field("radio", "outcome", values=[{"label": "Có", "value": "yes"}]),
            field("select", "unit", properties={"cv:choices": "units"}),
            field(key="pin", properties={"cv:sensitive": "true"}),
            {"type": "group", "path": "sender", "label": "Nơi gửi", "components": [field()]},
            {
                "type": "dynamiclist",
                "path": "rows",
                "label": "Dòng",
                "components": [field("filepicker", "files")],
            },
        )
    )
    assert definition.names() == {
        "subject": TEXT,
        "pages": NUMBER,
        "is_petition": BOOLEAN,
        "due_on": DATE,
        "outcome": one_of(["yes"]),
        "unit": TEXT,
        "sender": context_of({"name": TEXT}),
        "rows": list_of(context_of({"files": list_of(TEXT)})),
    }
    assert definition.sources == {"units"}


@pytest.mark.parametrize(
    ("component", "words"),
    [
        ({"type": "html", "content": "<b>x</b>"}, "HTML"),
        ({"type": "iframe", "url": "https://x"}, "khung nhúng"),
        ({"type": "table", "dataSource": "=x"}, "bảng tính"),
        ({"type": "documentPreview"}, "xem tài liệu"),
        ({"type": "image", "source": "https://x/y.png"}, "không lấy từ địa chỉ ngoài"),
        ({"type": "image", "source": "=x"}, "không lấy từ địa chỉ ngoài"),
        ({"type": "image", "source": "data:image/svg+xml;base64,AAAA"}, "ảnh phải nằm sẵn"),
        ({"type": "text", "text": "<script>alert(1)</script>"}, "HTML"),
        ({"type": "text", "text": "[x](javascript:alert(1))"}, "mã lệnh"),
        ({"type": "text", "text": "![x](https://x/y.png)"}, "ảnh"),
        ({"type": "text", "text": "Chào {{name}}"}, "biểu thức"),
        ({"type": "text", "text": "=name"}, "biểu thức"),
        ({"type": "magic"}, "không có loại thành phần “magic”"),
        ({"type": 7}, "không có loại thành phần"),
        ("text", "không phải đối tượng"),
        (field(label="<img src=x>"), "HTML"),
        (field(label=None), "thiếu nhãn"),
        (field(key="9x"), "khóa phải là"),
        (field(key="tên"), "khóa phải là"),
        (field(key="__class__"), "khóa phải là"),
        (field(key="a b"), "khóa phải là"),
        (field(onclick="x"), "không hiểu thuộc tính “onclick”"),
        (field(properties={"x": "y"}), "không hiểu thuộc tính “x”"),
        (field(properties={"cv:max-bytes": "10MB"}), "số nguyên"),
        (field(validate={"required": "yes"}), "sai kiểu"),
        (field(validate={"pattern": "(a+)+\\1"}), "không có dấu thoát"),
        (field(validate={"pattern": "(?=a)b"}), "(?…)"),
        (field(validate={"pattern": "a" * 201}), "dài quá"),
        (field(validate={"maxLength": "many"}), "phải là số"),
        (field(validate={"maxLength": 1.5}), "phải là số"),
        (field(validate={"max": "=other + 1"}), "không có dữ liệu nào tên “other”"),
        (field(validate={"unique": True}), "không hiểu điều kiện"),
        (field(conditional={"hide": "=nam = null"}), "có phải là “name”"),
        (field(conditional={"hide": "=name"}), "cần đúng/sai"),
        (field(conditional={"hide": "=__import__('os')"}), "không có hàm"),
        (field(conditional={"hide": "=name[0] = 1"}), "không được dùng"),
        (field(conditional={"hide": 1}), "biểu thức phải là chữ"),
        (field(conditional={"hide": []}), "biểu thức phải là chữ"),
        (field(conditional={"hide": '=name = "x"'}), "vòng tròn"),
        (field(properties={"cv:check": "=name > 5"}), "không áp dụng"),
        (field("select"), "danh sách lựa chọn"),
        (field("select", values=[], valuesKey="units"), "một trong hai"),
        (field("radio", values=[{"label": "a", "value": "a"}] * 2), "lặp lại"),
        (field("radio", values=[{"value": 1}]), "lựa chọn sai"),
        (field("select", valuesExpression="=x"), "valuesExpression"),
        (field("filepicker", accept="image/*"), "accept"),
        (field("datetime", subtype="year"), "subtype"),
        (field(defaultValue={}), "mặc định"),
        ({"type": "expression", "key": "e", "expression": "=open('x')"}, "không có hàm"),
        ({"type": "group", "label": "Nhóm"}, "components"),
        ({"type": "group", "label": "x", "path": "a.9", "components": []}, "khóa phải là"),
        ({"type": "dynamiclist", "label": "x", "components": []}, "khóa phải là"),
    ],
)
def test_refused_with_its_reason(component, words):
    error = refused(component)
    assert words in error.text("vi")
    assert error.text("en")
    assert all(problem.vi != problem.en for problem in error.problems)


def test_every_problem_is_named_at_once():
    error = refused(field(key="1"), {"type": "html"}, field(key="ok", validate={"pattern": "("}))
    assert len(error.problems) == 3


def test_repeated_keys():
    assert "dùng hai lần" in refused(field(), field()).text()
    inside = {"type": "group", "label": "x", "components": [field()]}
    assert "dùng hai lần" in refused(field(), inside).text()
    path = {"type": "group", "label": "x", "path": "name", "components": [field(key="a")]}
    assert "dùng hai lần" in refused(field(), path).text()
    with pytest.raises(FormRefused, match="repeated keys"):
        check_form('{"id": "a", "id": "b", "components": []}')


def test_conditions_in_a_circle():
    one = field(key="one", conditional={"hide": "=two = null"})
    two = field(key="two", conditional={"hide": "=one = null"})
    assert "vòng tròn" in refused(one, two).text()


def test_rows_see_their_own_fields_and_the_form():
    rows = {
        "type": "dynamiclist",
        "path": "rows",
        "label": "Dòng",
        "components": [
            field("checkbox", "late"),
            field(key="why", conditional={"hide": "=late != true or name = null"}),
        ],
    }
    check_form(form(field(), rows))
    outside = field(key="x", conditional={"hide": "=late"})
    assert "late" in refused(field(), rows, outside).text()


@pytest.mark.parametrize(
    "source",
    [
        b"",
        b"[]",
        b"null",
        b"\xff",
        b"{",
        b'{"id": NaN}',
        b"[" * 100_000,
        b'{"a":' * 3_000 + b"1" + b"}" * 3_000,
        {"id": "x", "components": [{}] * 5_000},
        {"id": "../x", "components": []},
        {"id": "x", "components": [], "type": "html"},
        {"id": "x"},
        {"id": "x", "components": [], "script": "x"},
        {"id": "x", "components": [{"type": "text", "text": "x" * 5_000}]},
        b" " * 1_000_000,
    ],
)
def test_anything_else_is_refused(source):
    with pytest.raises(FormRefused) as caught:
        check_form(source)
    assert caught.value.text("vi")


def test_size_and_depth():
    assert "quá 300 thành phần" in refused(*[field(key=f"k{i}") for i in range(301)]).text()
    nested = field()
    for _ in range(8):
        nested = {"type": "group", "label": "x", "components": [nested]}
    assert "lồng quá" in refused(nested).text()


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=6,
)
_ATTRIBUTES = st.sampled_from(sorted(frozenset().union(*ATTRIBUTES.values()) - {"type"}))
_TYPES = st.sampled_from(sorted({*ATTRIBUTES, "html"}))


@settings(
    max_examples=300, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck)
)
@given(st.lists(st.tuples(_TYPES, st.dictionaries(_ATTRIBUTES, _JSON, max_size=5)), max_size=3))
def test_any_json_is_a_form_or_refused(parts):
    components = [{**attributes, "type": kind} for kind, attributes in parts]
    # any other exception fails the test
    with contextlib.suppress(FormRefused):
        assert check_form(form(*components)).canonical


def test_unknown_shipped_form():
    with pytest.raises(UnknownForm):
        load_form("../pyproject")
    with pytest.raises(UnknownForm):
        load_form("no-such-form")
