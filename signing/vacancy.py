"""Which signature fields and rectangles of a document are still free (chỗ còn trống để ký)."""

from typing import Any

from pyhanko.sign.fields import enumerate_sig_fields

from signing.errors import PlaceTaken
from signing.pdf_file import open_to_sign
from signing.placement import Placement
from signing.role import FIELD_NAMES, SignRole
from signing.widgets import may_overlap, widgets_of


def refuse_overlap(reader: Any, field: str, placement: Placement) -> None:
    """Raise `PlaceTaken` where the place lies over another signature field's rectangle."""
    page = _page_number(reader, placement.page)
    for widget in widgets_of(reader):
        if widget.field == field or may_overlap(widget.field, field):
            continue
        # a widget that names no page may stand on any
        if widget.page in {page, 0} and widget.box.overlaps(placement.box):
            raise PlaceTaken(what=f"chữ ký «{widget.field}»")


def free_field(pdf: bytes, role: SignRole) -> str:
    """Return the role's field, with a number behind it where the document has one already.

    A copy may be copied again, and what another agency sealed as its annex may be ours. Raise
    what `open_to_sign` raises.
    """
    taken = {name for name, _, _ in enumerate_sig_fields(open_to_sign(pdf))}
    name, number = FIELD_NAMES[role], 1
    while name in taken:
        number += 1
        name = f"{FIELD_NAMES[role]}{number}"
    return name


def _page_number(reader: Any, page: int) -> int:
    reference, _ = reader.find_page_for_modification(page)
    number: int = reference.idnum
    return number
