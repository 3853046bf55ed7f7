"""What is missing is called by the officials' word, never by the name of its table."""

import ast
import re
from pathlib import Path
from uuid import uuid4

import pytest

from engine.database import Base
from office import start  # noqa: F401 - brings every mapped class

ROOT = Path(__file__).parents[2]
ROOMS = ("records", "processes", "api", "web", "office")


def fetched() -> set[str]:
    """Names of the classes that code fetches by key: `tx.get(Dossier, …)`."""
    return {
        node.args[0].id
        for room in ROOMS
        for path in (ROOT / room).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call)
        and getattr(node.func, "attr", "") == "get"
        and getattr(getattr(node.func, "value", None), "id", "") == "tx"
        and node.args
        and isinstance(node.args[0], ast.Name)
        and node.args[0].id[:1].isupper()
    }


def test_every_record_that_is_fetched_has_a_name_in_both_languages():
    classes = {mapper.class_.__name__: mapper.class_ for mapper in Base.registry.mappers}
    names = fetched()
    assert {"Dossier", "IncomingDocument", "Officer"} <= names
    assert {name for name in names if classes[name].called is None} == set()
    for name in names:
        vi, en = classes[name].called
        assert vi != en
        assert re.fullmatch("[a-z ]+", en)


@pytest.mark.parametrize(
    ("address", "word", "english"),
    [("/dossiers/{}", "hồ sơ", "dossier"), ("/registers/{}", "sổ đăng ký", "register")],
)
def test_a_page_that_is_not_there_says_what_is_missing(knock, address, word, english):
    clerk = knock("vanthu.stttt")
    answer = clerk.get(address.format(uuid4()))
    assert answer.status_code == 404
    assert f"Không tìm thấy {word}." in answer.text
    assert f"Không tìm thấy {english}." not in answer.text
    clerk.post("/preferences", {"language": "en", "next": "/"})
    assert f"There is no such {english}, or" in clerk.get(address.format(uuid4())).text
    clerk.post("/preferences", {"language": "vi", "next": "/"})
