"""The English catalogue (bản dịch): what the pages say, gathered, kept beside the code, compiled.

`python -m web.catalogue` brings `translations/en` up to date; maintainers run it after changing
words, and a test says when they forgot.
"""

import io
from datetime import UTC, datetime
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

ROOM = Path(__file__).parent
FILE = ROOM / "translations" / "en" / "LC_MESSAGES" / "messages.po"
_METHODS = [("**.py", "python"), ("templates/**.html", "jinja2")]
_NO_DATE = datetime(2000, 1, 1, tzinfo=UTC)
_KEYWORDS = {"_": None, "later": None, "ngettext": (1, 2)}


def gather() -> Catalog:
    """Return every phrase of code and templates, where it stands, without translations."""
    catalogue = Catalog(locale="en", domain="messages", fuzzy=False)
    found = extract_from_dir(
        ROOM, method_map=_METHODS, options_map={}, keywords=_KEYWORDS, strip_comment_tags=True
    )
    for file, _line, phrase, _comments, _context in found:
        catalogue.add(phrase, locations=[(str(file), 0)])
    return catalogue


def known() -> Catalog:
    """Return the catalogue as it is kept."""
    return read_po(io.BytesIO(FILE.read_bytes()), locale="en")


def current() -> Catalog:
    """Return today's phrases with the translations there are; others are dropped."""
    kept, wanted = known(), gather()
    for message in wanted:
        if message.id:
            before = kept.get(message.id if isinstance(message.id, str) else message.id[0])
            message.string = before.string if before is not None else ""
    return wanted


def untranslated(catalogue: Catalog) -> list[str]:
    """Return the phrases that have no English yet."""
    return [str(message.id) for message in catalogue if message.id and not _is_said(message)]


def _is_said(message: Message) -> bool:
    said = message.string
    return bool(said) if isinstance(said, str) else bool(said and all(said))


def as_po(catalogue: Catalog) -> bytes:
    """Return the text of a catalogue: sorted, without dates, so that a change is a change."""
    target = io.BytesIO()
    write_po(target, catalogue, width=100, no_location=True, omit_header=False, sort_output=True)
    lines = target.getvalue().split(b"\n")
    dated = (b'"POT-Creation-Date', b'"PO-Revision-Date', b'"Generated-By', b"# ")
    return b"\n".join(line for line in lines if not line.startswith(dated))


def as_mo(catalogue: Catalog) -> bytes:
    """Return a catalogue compiled: the same bytes for the same words."""
    catalogue.creation_date = catalogue.revision_date = _NO_DATE
    target = io.BytesIO()
    write_mo(target, catalogue)
    return target.getvalue()


def main() -> None:
    """Write the catalogue anew and compile it."""
    catalogue = current()
    FILE.write_bytes(as_po(catalogue))
    FILE.with_suffix(".mo").write_bytes(as_mo(read_po(io.BytesIO(FILE.read_bytes()), locale="en")))


if __name__ == "__main__":
    main()
