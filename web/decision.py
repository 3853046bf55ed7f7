"""The table editor of the designer asks here what is wrong with each cell (ô bảng quyết định)."""

from typing import Any

from flask import Blueprint, Response, jsonify, request

from engine.decision_table import Table
from engine.errors import OfficeError
from processes import decisions
from records.authority import Act
from web.door import language
from web.policy import needs

pages = Blueprint("decision", __name__)


class NoTable(OfficeError):
    """What was sent is no decision table (không đọc được bảng); nothing was checked."""

    code = "no-table"
    vi = "Không đọc được bảng quyết định vừa gửi. Tải lại trang rồi mở bảng lần nữa."
    en = "The decision table that was sent cannot be read. Reload the page and open it again."


@pages.post("/procedures/<key>/tables/lint")
@needs(Act.READ_PROCESS)
def lint(key: str) -> Response:
    """Tell what is wrong with a table that is being written, cell by cell, without keeping it."""
    xml, table = _sent(request.get_json(silent=True))
    reviewed = decisions.review(xml, table, key)
    tongue = language()
    return jsonify({
        "problems": [f.en if tongue == "en" else f.vi for f in reviewed.findings],
        "cells": [
            {"row": flaw.row, "column": flaw.column, "text": flaw.reason(tongue)}
            for flaw in reviewed.flaws
        ],
        "names": list(reviewed.names),
    })  # fmt: skip


def _sent(body: Any) -> tuple[bytes, Table]:
    """Read the drawing and the table; raises `NoTable` for anything but text in its places."""
    try:
        sent = body["table"]
        table = Table.from_json({name: sent[name] for name in Table.__dataclass_fields__})
        xml = body["xml"].encode()
    except (AttributeError, KeyError, TypeError, UnicodeEncodeError):
        raise NoTable from None
    rows = (cell for rule in table.rules for cell in (*rule.tests, *rule.entries))
    columns = (*table.inputs, *table.outputs, *table.defaults, *table.types)
    texts = (table.id, table.name, table.hit, table.aggregation, *columns, *rows)
    wide = len(table.types) == len(table.inputs) + len(table.outputs)
    if not all(isinstance(text, str) for text in texts) or not wide:
        raise NoTable
    if len(table.defaults) != len(table.outputs):
        raise NoTable
    return xml, table
