"""What later revisions of a file brought (phần bổ sung sau khi ký), to be told in words."""

import re
from collections.abc import Iterator
from typing import Any

from pyhanko.pdf_utils import generic
from pyhanko.sign.fields import enumerate_sig_fields

from signing.report import Modification

NAMES = ("/Title", "/Author", "/Subject", "/Keywords")
XMP_NAMES = re.compile(rb"<dc:(?:title|creator|description|subject)>.*?</dc:", re.DOTALL)


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
    if _is_later(reader, reader.trailer, "/Info", revision) or _is_later(
        reader, reader.root, "/Metadata", revision
    ):
        yield Modification.METADATA


def title_changed(reader: Any, revision: int) -> bool:
    """Tell whether what names the document was changed after `revision`: lists show it."""
    before = reader.get_historical_resolver(revision)
    return _named(before) != _named(reader)


def _named(handler: Any) -> tuple[list[str], list[bytes]]:
    # get() of pyHanko's dictionaries does not follow references
    information = _under(handler.trailer_view, "/Info", generic.DictionaryObject)
    metadata = _under(handler.root, "/Metadata", generic.StreamObject)
    return (
        [str(information[key]) for key in NAMES if information and key in information],
        XMP_NAMES.findall(metadata.data) if metadata else [],
    )


def _under(holder: Any, key: str, kind: type) -> Any:
    found = holder[key] if key in holder else None  # noqa: SIM401
    return found if isinstance(found, kind) else None


def _is_later(reader: Any, holder: Any, key: str, revision: int) -> bool:
    entry = holder.raw_get(key) if key in holder else None
    if not isinstance(entry, generic.IndirectObject):
        return False
    return bool(reader.xrefs.get_last_change(entry.reference) > revision)
