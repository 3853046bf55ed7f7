"""Walking a revision without copying it: what leads to each object is sought in all of them.

pyHanko clones every object for every revision it looks through, pictures and all, though the walk
only asks where references lead. While it walks, it is given the objects as they were read.
"""

from typing import Any

from pyhanko.pdf_utils.reader import HistoricalResolver

_walk = HistoricalResolver._load_reverse_xref_cache  # noqa: SLF001
_cloned = HistoricalResolver.__call__
_WALKING = "_is_walking"


def walk(revision: Any) -> None:
    """Fill in what leads to each object of a revision."""
    setattr(revision, _WALKING, True)
    try:
        _walk(revision)
    finally:
        setattr(revision, _WALKING, False)


def resolved(revision: Any, reference: Any) -> Any:
    """Return an object of a revision: as it was read during a walk, else a clone."""
    known = revision.cache.get(reference)
    if known is not None or not getattr(revision, _WALKING, False) or revision.reader.encrypted:
        return _cloned(revision, reference)
    return _as_read(revision.reader, reference, revision.revision)


def _as_read(reader: Any, reference: Any, revision: int) -> Any:
    try:
        is_older = reader.xrefs.get_last_change(reference) <= revision
    except KeyError:
        is_older = False
    return reader.get_object(reference, None if is_older else revision)


def install() -> None:
    """Let the library walk so; it offers no seam for it."""
    HistoricalResolver._load_reverse_xref_cache = walk  # noqa: SLF001
    HistoricalResolver.__call__ = resolved
