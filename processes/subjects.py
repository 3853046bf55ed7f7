"""The document an instance is about (văn bản của lần chạy)."""

import sqlalchemy as sa

from engine.database import Query, Transaction
from engine.errors import NotFound
from engine.instance import ProcessInstance
from records.document import Document, IncomingDocument, OutgoingDocument

INCOMING = "incoming"
OUTGOING = "outgoing"

_INCOMING = Query(
    sa.select(IncomingDocument).where(IncomingDocument.id == sa.bindparam("id")).with_for_update()
)
_OUTGOING = Query(
    sa.select(OutgoingDocument).where(OutgoingDocument.id == sa.bindparam("id")).with_for_update()
)


def load_subject(tx: Transaction, instance: ProcessInstance) -> Document:
    """Return the document of an instance, locked; raises `NotFound`."""
    found: Document | None
    if instance.subject_type == INCOMING:
        found = tx.scalar(_INCOMING, id=instance.subject_id)
    else:
        found = tx.scalar(_OUTGOING, id=instance.subject_id)
    if found is None:
        raise NotFound(what="văn bản")
    return found


def subject_type_of(document: Document) -> str:
    """Return the word under which an instance names the kind of its document."""
    return INCOMING if isinstance(document, IncomingDocument) else OUTGOING
