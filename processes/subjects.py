"""The document an instance is about (văn bản của lần chạy)."""

from records.document import Document, IncomingDocument

INCOMING = "incoming"
OUTGOING = "outgoing"


def subject_type_of(document: Document) -> str:
    """Return the word under which an instance names the kind of its document."""
    return INCOMING if isinstance(document, IncomingDocument) else OUTGOING
