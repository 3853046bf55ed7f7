"""What a drawing changes of the version in use (thay đổi), in the reader's words."""

from engine.diagram import read
from engine.difference import differences
from web.door import language


def changes_from(in_use: bytes, drawn: bytes) -> list[str]:
    """Return what differs from the version in use, element by element; nothing where it is that."""
    if in_use == drawn:
        return []
    found = differences(read(in_use), read(drawn))
    return [change.en if language() == "en" else change.vi for change in found]
