"""From fields to PDF/A (in văn bản): Typst with the shipped face, the same bytes every time."""

from collections.abc import Mapping
from datetime import UTC, datetime
from importlib import resources
from typing import Any

import orjson
import typst

from engine.errors import OfficeError
from records.typesetting.paper import Paper

_ROOM = resources.files("records.typesetting")


class TypesettingFailed(OfficeError):
    """The press refused the fields (không trình bày được văn bản)."""

    code = "typesetting-failed"
    vi = (
        "Không trình bày được văn bản theo mẫu ({detail}). Kiểm tra lại nội dung hoặc báo quản trị."
    )
    en = "The document could not be typeset ({detail})."


def typeset(kind: str, fields: Mapping[str, Any], *, at: datetime) -> bytes:
    """Return the PDF/A-2b of a `decision`, `letter` or `named` document laid out per Decree 30.

    Number and date stay blank for the clerk, and the place of the signature; see
    `records.typesetting.paper.Paper` for the fields and the errors. `at` is the moment the PDF says
    it was made: with it equal fields give equal bytes.
    """
    paper = Paper.of_fields(kind, fields)
    with resources.as_file(_ROOM) as room:
        try:
            pdf = typst.compile(
                str(room / "paper.typ"),
                root=str(room),
                font_paths=[str(room / "fonts")],
                ignore_system_fonts=True,
                sys_inputs={"paper": paper.as_data(), "made": _made(at.astimezone(UTC))},
                pdf_standards=["a-2b"],
            )
        except typst.TypstError as error:
            raise TypesettingFailed(detail=str(error)[:200]) from error
    return bytes(pdf)


def _made(moment: datetime) -> str:
    names = ("year", "month", "day", "hour", "minute", "second")
    return orjson.dumps({name: getattr(moment, name) for name in names}).decode()
