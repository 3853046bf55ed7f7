"""Every name in a diagram is one that somebody sets, and is asked what it can answer."""

import pytest
from bpmn_drawing import Drawing, each, event, timer
from conformance import RULES, giving, table

from engine import definition
from engine.expressions import BOOLEAN, NUMBER, TEXT, context_of, list_of, one_of
from engine.lint import Catalogue

KINDS = {
    "outcome": one_of(["accept", "return"]),
    "deadline": TEXT,
    "pages": NUMBER,
    "urgent": BOOLEAN,
    "parts": list_of(context_of({"unit": TEXT})),
}
OFFICE = Catalogue(roles=frozenset({"clerk"}), variables=KINDS)
LANES = (
    '<bpmn:laneSet id="ls"><bpmn:lane id="l" name="Văn thư" congvan:role="clerk">'
    + "".join(f"<bpmn:flowNodeRef>{n}</bpmn:flowNodeRef>" for n in ("a", "b", "c"))
    + "</bpmn:lane></bpmn:laneSet>"
)


def choice(condition: str) -> Drawing:
    """A step, then a choice whose one way has this condition."""
    drawing = Drawing(lanes=LANES).start().user("a", "b").xor("g", default="out").end()
    drawing.chain("s", "a", "g").flow("g", "b", condition, "asked").flow("g", "e", None, "out")
    return drawing.flow("b", "e")


def told(drawing: Drawing, before: str = "", *, foreign: bool = False) -> list[tuple[str, str]]:
    found = definition.prepare(drawing.xml(before), OFFICE, foreign=foreign)
    names = {"unknown-name", "wrong-kind"}
    assert foreign or all(f.is_error for f in found.findings if f.code in names)
    assert not foreign or not any(f.is_error for f in found.findings if f.code in names)
    return [(f.element, f.code) for f in found.findings if f.code in names]


GOOD = (
    'outcome = "return"', "pages > 3", "urgent", "not(urgent)", "deadline != null and pages < 2",
    "date and time(deadline) < now()", "count(parts) > 0", 'some p in parts satisfies p.unit = "x"',
)  # fmt: skip
BAD = {
    'outcom = "return"': "unknown-name",
    'outcome = "retrun"': "wrong-kind",
    "outcome > 3": "wrong-kind",
    'pages = "3"': "wrong-kind",
    "deadline < now()": "wrong-kind",
    'cv_choice.at_g = "asked"': "unknown-name",  # no form of ours offers it
    "pages": "wrong-kind",  # a number is no answer to a choice
    'some p in parts satisfies p.unt = "x"': "wrong-kind",
}


@pytest.mark.parametrize("condition", GOOD)
def test_what_fits_passes(condition: str) -> None:
    assert told(choice(condition)) == []


@pytest.mark.parametrize("condition", BAD)
def test_what_never_works_is_an_error_at_its_flow(condition: str) -> None:
    assert told(choice(condition)) == [("asked", BAD[condition])]


def test_the_nearest_name_is_suggested() -> None:
    found = definition.prepare(choice('outcom = "return"').xml(), OFFICE).findings
    (one,) = [f for f in found if f.code == "unknown-name"]
    assert "có phải là “outcome”" in one.vi
    assert "did you mean “outcome”" in one.en


def test_drawn_elsewhere_it_is_a_warning() -> None:
    drawing = Drawing().start().user("a", "b").xor("g").end().chain("s", "a", "g", "b", "e")
    drawing.flow("g", "e", "never_heard = 1", "asked")
    assert ("asked", "unknown-name") in told(drawing, foreign=True)


@pytest.mark.parametrize("known", [True, False])
def test_what_the_diagram_itself_sets_is_known(known: bool) -> None:
    """A script's target, the element of a list, what an event says it brings."""
    name = "said" if known else "unsaid"
    message = '<bpmn:message id="m" name="m"/>'
    drawing = Drawing(lanes=LANES).start().script("x", "said = pages + 1")
    drawing.user("a", inner=each("parts", "said_part"), congvan__assignee=f"={name}_part.unit")
    drawing.node(
        "intermediateCatchEvent", "w", event("message", messageRef="m"), congvan__sets="said_word"
    )  # fmt: skip
    drawing.xor("g", default="out").user("b", "c").end().chain("s", "x", "a", "w", "g")
    drawing.flow("g", "b", f"{name} > 1", "f1").flow("g", "c", f'{name}_word = "y"', "f2")
    drawing.flow("g", "e", None, "out").flow("b", "e").flow("c", "e")
    wrong = [("f1", "unknown-name"), ("f2", "unknown-name"), ("a", "unknown-name")]
    assert told(drawing, message) == ([] if known else wrong)


@pytest.mark.parametrize(
    ("drawing", "element"),
    [
        (Drawing(lanes=LANES).start().user("a", congvan__due="=dedline").end(), "a"),
        (Drawing(lanes=LANES).start().user("a", congvan__exclude="=athor").end(), "a"),
        (Drawing(lanes=LANES).start().user("a", inner=each("prts", "p")).end(), "a"),
        (Drawing(lanes=LANES).start().node("intermediateCatchEvent", "a", timer("Date", "=dedline")).end(), "a"),
        (Drawing(lanes=LANES).start().script("a", "x = dedline").end(), "a"),
    ],
    ids=["due", "exclude", "collection", "timer", "script"],
)  # fmt: skip
def test_every_place_is_looked_at(drawing: Drawing, element: str) -> None:
    wrong = [e for e, code in told(drawing.chain("s", "a", "e")) if code == "unknown-name"]
    assert wrong == [element]


# what tables and instances give -------------------------------------------------------------------


def by_table(tables: str, condition: str = "days < 3") -> Drawing:
    """A step, a decision table over what it says, then a choice by what the table gives."""
    drawing = Drawing(lanes=LANES).start().user("a", "b").xor("g", default="out").end()
    drawing.node("businessRuleTask", "x", tables, congvan__decision="limit").chain(
        "s", "a", "x", "g"
    )
    drawing.flow("g", "b", condition, "asked").flow("g", "e", None, "out")
    return drawing.flow("b", "e")


ASKING = table(RULES).replace(">urgency<", ">outcome<").replace("hỏa tốc", "return")
ASKING = ASKING.replace('"khẩn", "thượng khẩn"', '"accept"').replace(', "khẩn", "thượng khẩn"', "")


@pytest.mark.parametrize(
    ("tables", "condition", "found"),
    [
        (ASKING, "days < 3", []),
        (ASKING, 'days = "a"', [("asked", "wrong-kind")]),
        (ASKING, "dys < 3", [("asked", "unknown-name")]),
        (ASKING.replace(">pages<", ">pgaes<"), "days < 3", [("limit", "unknown-name")]),
        (ASKING.replace("5 + pages", "5 + pgaes"), "days < 3", [("limit", "unknown-name")]),
        (ASKING.replace('"accept"', "accept", 1), "days < 3", [("limit", "unknown-name")]),
        (ASKING.replace('"accept"', '"acept"', 1), "days < 3", [("limit", "wrong-kind")]),
        (ASKING.replace('typeRef="string"', 'typeRef="number"'), "days < 3", [("limit", "wrong-kind")]),
        (ASKING.replace('"UNIQUE"', '"COLLECT"'), "count(days) > 1", []),
        (ASKING.replace('"UNIQUE"', '"COLLECT"'), "days < 3", [("asked", "wrong-kind")]),
    ],
)  # fmt: skip
def test_a_decision_table_sets_its_outputs_and_reads_its_inputs(
    tables: str, condition: str, found: list[tuple[str, str]]
) -> None:
    assert told(by_table(tables, condition)) == found


@pytest.mark.parametrize(
    ("cell", "code"), [("accept", "unknown-name"), ("tiếp nhận", "decision-cell")]
)
def test_words_without_quotes_are_told_where_they_stand_and_what_to_do(
    cell: str, code: str
) -> None:
    drawing = by_table(ASKING.replace('"accept"', cell, 1))
    found = definition.prepare(drawing.xml(), OFFICE).findings
    (words,) = [f.vi for f in found if f.code == code]
    assert words.startswith("Bảng «Thời hạn», dòng 2, cột vào 1: ")
    assert words.endswith(f'Nếu là chữ, đặt trong ngoặc kép: "{cell}".')


def test_the_list_that_instances_give_is_set() -> None:
    drawing = choice('count(votes) > 1 and "yes" in votes')
    assert ("asked", "unknown-name") in told(drawing)
    drawing.elements = [
        e.replace(
            '<bpmn:userTask id="a">', '<bpmn:userTask id="a">' + giving(each("parts", "part"))
        )
        for e in drawing.elements
    ]
    assert told(drawing) == []


@pytest.mark.parametrize(("collection", "codes"), [("parts", []), ("deadline", ["wrong-kind"])])
def test_a_step_for_each_of_something_needs_a_list(collection: str, codes: list[str]) -> None:
    drawing = Drawing(lanes=LANES).start().user("a", inner=each(collection, "x")).end()
    assert [code for _, code in told(drawing.chain("s", "a", "e"))] == codes
