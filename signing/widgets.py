"""The rectangles signatures occupy (vùng hiển thị chữ ký), and what is drawn in them by nobody."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from pyhanko.pdf_utils import generic
from pyhanko.sign.fields import enumerate_sig_fields

from signing.page_text import Box
from signing.role import SignRole, role_of_field

#: a share of an A4 page that no signature needs, in square points
LARGE = 595 * 842 / 4


@dataclass(frozen=True)
class Widget:
    """A rectangle of a signature field on a page (the page's object number)."""

    field: str
    page: int
    box: Box
    is_signed: bool
    #: whether it came after the first signature
    is_late: bool
    #: whether anything is drawn in it
    is_drawn: bool


def signature_fields(reader: Any, *, filled: bool | None = None) -> list[tuple[str, Any, Any]]:
    """Return the name, value and reference of each field; a name is plain text.

    What pyHanko read knows its reader: kept in a report, a name would keep the whole file with it.
    """
    fields = enumerate_sig_fields(reader, filled_status=filled)
    return [(str(name), value, reference) for name, value, reference in fields]


def widgets_of(reader: Any) -> list[Widget]:
    """Return the visible rectangles of all signature fields."""
    fields = signature_fields(reader)
    first = first_signed(reader, fields)
    return [
        widget
        for name, value, field in fields
        for widget in _widgets(reader, name, value is not None, field, first)
    ]


def first_signed(reader: Any, fields: list[Any]) -> int:
    """Return the revision that brought the first signature."""
    dictionaries = [field.get_object() for _, _, field in fields]
    return min(
        (_revision(reader, one.raw_get("/V")) for one in dictionaries if "/V" in one), default=0
    )


def drawn_unsigned(widget: Widget, vouched: set[str]) -> bool:
    """Tell whether something was drawn after the first signature that no signature vouches for.

    An empty signature field may be added by the signature-only rule; with a picture in it, it
    would rewrite the page.
    """
    return widget.is_late and widget.is_drawn and widget.field not in vouched


def may_overlap(one: str, other: str) -> bool:
    """Tell whether two signature fields may lie over each other: a seal over an approver only."""
    # Decree 30/2020, annex I, II.8: the seal covers a third of the signature
    return {role_of_field(one), role_of_field(other)} == {SignRole.APPROVE, SignRole.SEAL}


def overlapping(widgets: list[Widget]) -> Iterator[tuple[Widget, Widget]]:
    """Return the pairs of rectangles that overlap."""
    return (
        (one, other)
        for one, other in combinations(widgets, 2)
        if one.page == other.page and one.field != other.field and one.box.overlaps(other.box)
    )


def large(widget: Widget) -> bool:
    """Tell whether a rectangle covers much of a page."""
    return widget.box.width * widget.box.height > LARGE


def _revision(reader: Any, reference: Any) -> int:
    revision: int = reader.xrefs.get_introducing_revision(reference.reference)
    return revision


def _widgets(reader: Any, name: str, signed: bool, reference: Any, first: int) -> Iterator[Widget]:
    field = reference.get_object()
    for entry in [reference, *_under(field, "/Kids", ())]:
        annotation = entry.get_object()
        if "/Rect" not in annotation:
            continue
        x1, y1, x2, y2 = (float(value) for value in annotation["/Rect"])
        box = Box(min(x1, x2), min(y1, y2), max(x1, x2), max(y1, y2))
        if not box.width * box.height:
            continue
        page = annotation.get_value_as_reference("/P", optional=True)
        yield Widget(
            name,
            page.idnum if page else 0,
            box,
            signed,
            _revision(reader, entry) > first,
            _draws(annotation),
        )


def _draws(annotation: Any) -> bool:
    if "/AP" not in annotation:
        # a reader may paint background and border by itself
        return "/MK" in annotation
    appearances = annotation["/AP"]
    normal = _under(appearances, "/N", None)
    # what is no single stream is taken for a drawing
    return not isinstance(normal, generic.StreamObject) or bool(normal.data.strip())


def _under(dictionary: Any, key: str, otherwise: Any) -> Any:
    # get() of pyHanko's dictionaries does not follow references
    return dictionary[key] if key in dictionary else otherwise  # noqa: SIM401
