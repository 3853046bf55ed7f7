"""What expressions mean: the FEEL subset, its Python-like twin, null, kinds."""

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from enum import StrEnum

import pytest

from engine.expressions import (
    BOOLEAN,
    DATE,
    DURATION,
    LIST,
    NUMBER,
    TEXT,
    VIETNAM,
    ExpressionError,
    Months,
    compile_assignments,
    compile_expression,
    context_of,
    list_of,
    one_of,
)
from engine.expressions.errors import PROBLEMS

NOW = datetime(2026, 11, 21, 20, 30, tzinfo=UTC)  # 03:30 on the 22nd in Vietnam
DATA = {
    "outcome": "return",
    "amount": 7,
    "tenth": 0.1,
    "exact": Decimal("2.50"),
    "done": True,
    "signed_on": date(2026, 1, 31),
    "subject": "Về việc báo cáo",
    "xs": [1, 2, 3],
    "rows": [
        {"unit": "vp", "deadline": date(2026, 12, 1)},
        {"unit": "cntt", "deadline": None},
    ],
    "document": {"secrecy": "none", "sender": {"code": "H55"}},
}


def value(source, **more):
    return compile_expression(source).evaluate({**DATA, **more}, NOW)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ('= outcome = "return"', True),
        ('outcome != "return"', False),
        ("amount >= 7 and amount < 8", True),
        ("amount between 1 and 7", True),
        ("amount in [1..7]", True),
        ("amount in [1..7)", False),
        ("amount in ]7..9]", False),
        ("amount in ([1..3], 7)", True),
        ("amount in xs", False),
        ('outcome in ["accept", "return"]', True),
        ("document.sender.code", "H55"),
        ("document.nothing.at.all", None),
        ("rows.unit", ["vp", "cntt"]),
        ('if amount > 5 then "big" else "small"', "big"),
        ('if missing then "big" else "small"', "small"),
        ("some r in rows satisfies r.deadline = null", True),
        ("every r in rows satisfies r.unit in rows.unit", True),
        ("some a in xs, b in xs satisfies a + b = 6", True),
        ("every a in xs, b in xs satisfies a + b < 6", False),
        ("some amount in xs satisfies amount = 3", True),
        ("(1 + 2) * 3 - 4 / 2", 7),
        ("10 / 4", Decimal("2.5")),
        ("tenth + 0.2 = 0.3", True),
        ("exact = 2.5", True),
        ("modulo(-7, 3)", 2),
        ('"Số " + string(188)', "Số 188"),
        ("{a: 1, b: [2, 3]}.b", [2, 3]),
        ("-amount", -7),
        ("1 - -1", 2),
    ],
)
def test_language(source, expected):
    assert value(source) == expected


@pytest.mark.parametrize(
    ("feel", "python"),
    [
        ('outcome = "return"', "outcome == 'return'"),
        ("done = true and amount != null", "done == True and amount != None"),
        ('not(outcome = "return")', "not outcome == 'return'"),
        ('not(outcome in ["a", "b"])', "outcome not in ['a', 'b']"),
        ("amount = null", "amount is None"),
        ("amount != null", "amount is not None"),
        ('if done then "x" else "y"', "'x' if done else 'y'"),
        ('string(amount) = "7"', "str(amount) == '7'"),
        ("modulo(amount, 2) = 1", "amount % 2 == 1"),
    ],
)
def test_python_like_twin_is_the_same_tree(feel, python):
    def bare(node):
        return _without_places(node)

    left, right = compile_expression(feel), compile_expression(python)
    if "modulo" in feel:  # the sign is its own node
        assert left.evaluate(DATA) is right.evaluate(DATA) is True
    else:
        assert bare(left.tree) == bare(right.tree)


def _without_places(node):
    if isinstance(node, tuple):
        return tuple(_without_places(part) for part in node)
    if hasattr(node, "__slots__"):
        fields = type(node).__dataclass_fields__
        return type(node).__name__, *(
            _without_places(getattr(node, name)) for name in fields if name != "at"
        )
    return node


def test_len_counts_text_and_lists():
    assert value("len(subject)") == 15
    assert value("len(xs)") == 3
    assert value("len(amount)") is None


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("string length(subject)", 15),
        ('contains(subject, "báo cáo")', True),
        ('starts with(subject, "Về")', True),
        ('ends with(subject, "Về")', False),
        ('upper case("độ mật")', "ĐỘ MẬT"),
        ('lower case("KHẨN")', "khẩn"),
        ("substring(subject, 1, 2)", "Về"),
        ("substring(subject, -3)", "cáo"),
        ("substring(subject, 0)", None),
        (r'matches("188/2018/QĐ-UBND", "^[0-9]+/[0-9]{4}/")', True),
        ('matches("công văn", "[0-9]")', False),
        ("count(rows)", 2),
        ("sum(xs)", 6),
        ("sum([])", None),
        ("min(xs)", 1),
        ("max(4, 9, 2)", 9),
        ('max("a", 1)', None),
        ("list contains(xs, 2.0)", True),
        ("append(xs, 4)", [1, 2, 3, 4]),
        ("concatenate(xs, [9], [8])", [1, 2, 3, 9, 8]),
        ("distinct values([1, 1.0, 2, null, null])", [1, 2, None]),
        ('date("2026-11-22")', date(2026, 11, 22)),
        ("date(2026, 2, 31)", None),
        ('time("08:30:00")', time(8, 30)),
        ('date and time("2026-11-22T08:30:00")', datetime(2026, 11, 22, 8, 30, tzinfo=VIETNAM)),
        ('date and time(signed_on, time("08:00"))', datetime(2026, 1, 31, 8, tzinfo=VIETNAM)),
        ('date(date and time("2026-11-21T20:00:00Z"))', date(2026, 11, 22)),
        ('duration("P3DT4H")', timedelta(days=3, hours=4)),
        ('duration("-P1D")', timedelta(days=-1)),
        ('duration("P1Y6M")', Months(18)),
        ('@"2026-11-22"', date(2026, 11, 22)),
        ('@"PT4H"', timedelta(hours=4)),
        ('number("12.5")', Decimal("12.5")),
        ('number("1e9")', None),
        ("string(2.50)", "2.50"),
        ("string(true)", "true"),
        ('string(duration("P1DT4H"))', "P1DT4H"),
        ("string(xs)", None),
        ("floor(-1.5)", -2),
        ("ceiling(1.2)", 2),
        ("abs(-3.5)", Decimal("3.5")),
        ("round(2.5)", 3),
        ("round(2.345, 2)", Decimal("2.35")),
    ],
)
def test_functions(source, expected):
    assert value(source) == expected


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ('date("2026-02-31")', "“2026-02-31” không phải ngày có thật"),
        ('@"2026-13-01"', "không phải ngày có thật"),
        ('time("25:00")', "không phải giờ có thật"),
        ('duration("P")', "không phải khoảng thời gian có thật"),
        ('duration("3 days")', "không phải khoảng thời gian có thật"),
    ],
)
def test_written_dates_are_real(source, words):
    with pytest.raises(ExpressionError) as caught:
        compile_expression(source)
    assert words in caught.value.text("vi")


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ('signed_on + duration("P1M")', date(2026, 2, 28)),
        ('signed_on + duration("P3D")', date(2026, 2, 3)),
        ('duration("P3D") + signed_on', date(2026, 2, 3)),
        ('signed_on - date("2026-01-01")', timedelta(days=30)),
        ('(signed_on - date("2026-01-01")).days', 30),
        ('signed_on + duration("PT5H")', None),
        ('signed_on < date("2026-02-01")', True),
        ("signed_on < now()", None),
        ("signed_on.year", 2026),
        ("signed_on.weekday", 6),
        ('duration("P2D") * 2', timedelta(days=4)),
        ('duration("P1Y") / 2', Months(6)),
        ('duration("P1D") < duration("PT25H")', True),
    ],
)
def test_dates_and_durations(source, expected):
    assert value(source) == expected


def test_the_clock_is_injected_and_vietnamese():
    assert value("today()") == date(2026, 11, 22)
    assert value("now()") == NOW
    assert value("now()").utcoffset() == timedelta(hours=7)
    with pytest.raises(ExpressionError) as caught:
        compile_expression("signed_on < today()").evaluate(DATA)
    assert caught.value.problem == "no-clock"


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("missing = null", True),
        ("null = 1", False),
        ("missing != 1", True),
        ("missing < 1", None),
        ("1 = '1'", None),
        ("done = 1", None),
        ("missing + 1", None),
        ("1 / 0", None),
        ("not(missing)", None),
        ("missing and false", False),
        ("missing and true", None),
        ("missing or true", True),
        ("missing or false", None),
        ("missing in [1..5]", None),
        ("missing in [null]", True),
        ("string length(missing)", None),
        ("some x in missing satisfies true", None),
        ("'a' * 3", None),
        ("xs * 3", None),
        ("'a' in 'abc'", False),
    ],
)
def test_null_and_unlike_kinds(source, expected):
    found = value(source)
    assert found is expected or found == expected
    assert type(found) is type(expected)


def test_condition_holds_only_when_true():
    assert compile_expression("amount = 7").holds(DATA)
    assert not compile_expression("missing > 1").holds(DATA)
    assert not compile_expression("amount").holds(DATA)


def test_a_vocabulary_is_text():
    class Urgency(StrEnum):
        URGENT = "urgent"

    assert value('u = "urgent" and u in ["urgent", "express"]', u=Urgency.URGENT) is True
    assert value('u = "express"', u=Urgency.URGENT) is False


def test_numbers_from_json_are_exact():
    assert value("tenth * 3") == Decimal("0.3")
    assert value("x = 1", x=float("nan")) is None
    assert value("x < 1", x=Decimal("sNaN")) is None


def test_names_are_the_free_variables():
    expression = compile_expression("some r in rows satisfies r.unit = unit or r.x in [low..high]")
    assert expression.names == {"rows", "unit", "low", "high"}


def test_compiled_once():
    assert compile_expression("amount = 7") is compile_expression("amount = 7")


# checked against declared names

NAMES = {
    "outcome": one_of(["accept", "return"]),
    "amount": NUMBER,
    "done": BOOLEAN,
    "subject": TEXT,
    "signed_on": DATE,
    "rows": list_of(context_of({"unit": TEXT, "deadline": DATE})),
}


@pytest.mark.parametrize(
    ("source", "kind"),
    [
        ('outcome = "return" and amount > 5', BOOLEAN),
        ("some r in rows satisfies r.deadline < signed_on", BOOLEAN),
        ('signed_on + duration("P3D")', DATE),
        ("signed_on - signed_on", DURATION),
        ("rows.unit", list_of(TEXT)),
        ("max(amount, 3)", NUMBER),
        ("if done then null else subject", TEXT),
        ("append(rows, null)", LIST),
        ('list contains(rows.unit, "x")', BOOLEAN),
        ("signed_on.year", NUMBER),
        ("signed_on = null or null != outcome", BOOLEAN),
    ],
)
def test_kinds_are_inferred(source, kind):
    assert compile_expression(source, NAMES).kind == kind


@pytest.mark.parametrize(
    ("source", "problem", "words"),
    [
        ("outcme = 'return'", "unknown-name", "có phải là “outcome”"),
        ("outcome = 'retrun'", "impossible-value", "accept, return"),
        ("outcome in ['accept', 'retrun']", "impossible-value", "retrun"),
        ("amount = 'x'", "mismatch", "số và chữ"),
        ("amount < true", "mismatch", "đúng/sai"),
        ("amount < null", "mismatch", "giá trị trống"),
        ("amount + subject", "mismatch", "“+”"),
        ("amount and done", "wrong-kind", "cần đúng/sai"),
        ("some r in rows satisfies r.unti = 'x'", "unknown-key", "“r” không có mục “unti”"),
        ("count(amount)", "wrong-kind", "cần danh sách"),
        ("subject.length", "unknown-key", "length"),
        ("amount in [signed_on..signed_on]", "mismatch", "in"),
        ("not(amount)", "wrong-kind", "đúng/sai"),
    ],
)
def test_checked_before_it_runs(source, problem, words):
    compile_expression(source)  # the language itself has no objection
    with pytest.raises(ExpressionError) as caught:
        compile_expression(source, NAMES)
    assert caught.value.problem == problem
    assert words in caught.value.text("vi")


def test_wanted_result():
    assert compile_expression("done", NAMES, BOOLEAN)
    with pytest.raises(ExpressionError) as caught:
        compile_expression("amount", NAMES, BOOLEAN)
    assert caught.value.problem == "wrong-kind"


def test_error_says_where_in_both_languages():
    with pytest.raises(ExpressionError) as caught:
        compile_expression('= outcome = "a" and')
    assert caught.value.position == 20
    assert caught.value.text("vi").startswith("Biểu thức sai tại ký tự 20: gặp hết biểu thức")
    assert "found the end instead of a value" in caught.value.text("en")


def test_every_problem_has_both_languages():
    for vi, en in PROBLEMS.values():
        assert vi
        assert en
        assert vi != en


# assignments


def test_assignments_see_the_lines_before():
    script = compile_assignments('level = amount + 1\n\nlabel = "Số " + string(level)\n')
    assert script.names == {"amount"}
    variables = dict(DATA)
    assert script.evaluate(variables) == {"level": 8, "label": "Số 8"}
    assert variables == DATA


def test_assignments_are_checked():
    script = compile_assignments("late = signed_on < today()\nlabel = subject", NAMES)
    assert script.kinds == {"late": BOOLEAN, "label": TEXT}
    with pytest.raises(ExpressionError) as caught:
        compile_assignments("late = signed_on < today()\nx = late + 1", NAMES)
    assert (caught.value.problem, caught.value.position) == ("mismatch", 10)


@pytest.mark.parametrize(
    "source",
    [
        "",
        "\n \n",
        "amount + 1",
        "a == 1",
        "a.b = 1",
        "a[0] = 1",
        "a, b = 1",
        "a = b = c d",
        "import os",
        "del a",
        "_a = 1",
        "a__b = 1",
        "a = 1; b = 2",
        "for x in xs: y = x",
        "a += 1",
        "\n".join("a = 1" for _ in range(51)),
    ],
)
def test_only_plain_assignments(source):
    with pytest.raises(ExpressionError):
        compile_assignments(source)
