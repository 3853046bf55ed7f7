"""What later revisions of a file brought (phần bổ sung sau khi ký), to be told in words."""

from collections.abc import Iterator
from typing import Any

from pyhanko.pdf_utils import generic
from pyhanko.sign.fields import enumerate_sig_fields

from signing.report import Modification


def later_additions(reader: Any, revision: int) -> tuple[Modification, ...]:
    """Return the kinds of what was added after `revision`, allowed or not."""
    if reader.xrefs.total_revisions == revision + 1:
        return ()
    return tuple(dict.fromkeys(_found(reader, revision)))


def _found(reader: Any, revision: int) -> Iterator[Modification]:
    for _, _, field in enumerate_sig_fields(reader, filled_status=True):
        entry = field.get_object()
        if _is_later(reader, entry, "/V", revision):
            is_stamp = entry["/V"].get("/Type") == "/DocTimeStamp"
            yield Modification.TIMESTAMP if is_stamp else Modification.SIGNATURE
    before = reader.get_historical_root(revision)
    if "/DSS" in reader.root and (
        "/DSS" not in before or _is_later(reader, reader.root, "/DSS", revision)
    ):
        yield Modification.EVIDENCE
    if title_changed(reader, revision):
        yield Modification.METADATA


def title_changed(reader: Any, revision: int) -> bool:
    """Tell whether title, author or other descriptions were changed after `revision`."""
    return _is_later(reader, reader.trailer, "/Info", revision) or _is_later(
        reader, reader.root, "/Metadata", revision
    )


def _is_later(reader: Any, holder: Any, key: str, revision: int) -> bool:
    entry = holder.raw_get(key) if key in holder else None
    if not isinstance(entry, generic.IndirectObject):
        return False
    return bool(reader.xrefs.get_last_change(entry.reference) > revision)
