"""What a drawing changes of the version in use (thay đổi), in the reader's words."""

from engine.diagram import read
from engine.difference import differences
from web.door import language

#: a rewritten explanation would bury what else is another
LONGEST = 240


def changes_from(in_use: bytes, drawn: bytes) -> list[str]:
    """Return what differs from the version in use, element by element; nothing where it is that."""
    if in_use == drawn:
        return []
    found = differences(read(in_use), read(drawn))
    told = (change.en if language() == "en" else change.vi for change in found)
    return [text if len(text) <= LONGEST else f"{text[:LONGEST]}…" for text in told]
