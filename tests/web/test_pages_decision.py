"""The editor of decision tables asks the door: every cell is told what is wrong with it."""

from typing import Any

import pytest

from processes.procedures import shipped_xml


def written(**changes: Any) -> dict[str, Any]:
    """A table over the urgency, as the editor sends it."""
    table = {
        "id": "bang_1", "name": "Hạn trình ký", "hit": "UNIQUE", "aggregation": "",
        "inputs": ["urgency"], "outputs": ["days"], "defaults": [""], "types": ["string", "number"],
        "rules": [{"tests": ['"express"'], "entries": ["1"]}, {"tests": ["-"], "entries": ["3"]}],
    }  # fmt: skip
    return table | changes


def asked(who: Any, table: Any, xml: str | None = None) -> Any:
    body = {"xml": xml or shipped_xml("outgoing").decode(), "table": table}
    headers = {"X-CSRFToken": who.token()}
    return who.client.post("/procedures/outgoing/tables/lint", json=body, headers=headers)


def rows(*rules: tuple[str, str]) -> list[dict[str, list[str]]]:
    return [{"tests": [test], "entries": [entry]} for test, entry in rules]


def test_a_good_table_has_nothing_to_mend_and_names_can_be_chosen(knock) -> None:
    answer = asked(knock("quantri.stttt"), written())
    assert answer.status_code == 200, answer.text
    assert answer.json["problems"] == answer.json["cells"] == []
    assert {"urgency", "outcome", "signatory"} <= set(answer.json["names"])


@pytest.mark.parametrize(
    ("changes", "row", "column", "words"),
    [
        ({"inputs": ["urgncy"]}, 0, 0, "có phải là “urgency”"),
        ({"outputs": ["số ngày"]}, 0, 1, "Tên biến gồm chữ không dấu"),
        ({"outputs": [""]}, 0, 1, "Tên biến gồm chữ không dấu"),
        ({"types": ["number", "number"]}, 0, 0, "Cần số"),
        ({"rules": rows(("express", "1"))}, 1, 0, 'đặt trong ngoặc kép: "express"'),
        ({"rules": rows(("hỏa tốc", "1"))}, 1, 0, 'đặt trong ngoặc kép: "hỏa tốc"'),
        ({"rules": rows(("-", "1"), ('"hỏa tốc"', "1"))}, 2, 0, "không bao giờ xảy ra"),
        ({"rules": rows(('"express"', '"một"'))}, 1, 1, "Cần số"),
        ({"defaults": ["ngay"]}, 0, 1, "ngay"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_at_its_cell(
    knock, changes: dict[str, Any], row: int, column: int, words: str
) -> None:
    cells = asked(knock("quantri.stttt"), written(**changes)).json["cells"]
    assert (row, column) in {(c["row"], c["column"]) for c in cells}, cells
    (told,) = [c["text"] for c in cells if (c["row"], c["column"]) == (row, column)]
    assert words in told


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"rules": []}, "từ 1 đến 1000 dòng"),
        ({"hit": "PRIORITY"}, "PRIORITY"),
        ({"rules": [{"tests": [], "entries": ["1"]}]}, "dòng 1 thiếu hoặc thừa ô"),
        (
            {"outputs": ["days", "days"], "defaults": ["", ""], "types": ["", "", ""],
             "rules": [{"tests": ["-"], "entries": ["1", "2"]}]},
            "cùng tên «days»",
        ),
    ],
)  # fmt: skip
def test_what_is_wrong_with_the_whole_table_is_told(
    knock, changes: dict[str, Any], words: str
) -> None:
    (problem,) = asked(knock("quantri.stttt"), written(**changes)).json["problems"]
    assert words in problem


@pytest.mark.parametrize(
    "table", [None, [], {}, written(rules=3), written(types=[]), written(inputs=[None]),
              written(rules=[{"tests": [1], "entries": ["1"]}]), written(defaults=[])],
)  # fmt: skip
def test_what_is_no_table_is_refused_in_words(knock, table: Any) -> None:
    answer = asked(knock("quantri.stttt"), table)
    assert answer.status_code == 422
    assert "Không đọc được bảng quyết định" in answer.json["detail"]


def test_what_is_no_drawing_is_refused_and_whoever_is_not_in_gets_nothing(knock) -> None:
    assert asked(knock("quantri.stttt"), written(), "<x/>").status_code == 422
    stranger = knock()
    assert asked(stranger, written()).status_code in {302, 303, 401, 403}
