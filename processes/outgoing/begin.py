"""Begin an outgoing document (giao soạn thảo): the record is made, the procedure starts."""

from uuid import UUID

import sqlalchemy as sa

from engine import runtime
from engine.database import Transaction
from engine.definition import Definition, definition_for, program_of
from engine.runtime import Completed
from processes.means import Means
from processes.recall.ask import ensure_may_be_asked
from processes.subjects import OUTGOING
from records import journal
from records.authority import Act, authorize
from records.document import IncomingDocument, OutgoingDocument
from records.link import link_documents
from records.organization import Agency, AgencyCode, Role
from records.vocabulary import LinkKind


def begin(
    tx: Transaction,
    means: Means,
    *,
    subject: str = "",
    in_reply_to: UUID | None = None,
    replaces: UUID | None = None,
) -> tuple[OutgoingDocument, Completed]:
    """Make an outgoing document of the acting officer and start the agency's procedure over it.

    Raises `NobodyElse` where nobody but himself could judge what he drafts; `NotIssuedYet`,
    `AlreadyWithdrawn` where it `replaces` what cannot be replaced.
    """
    authorize(tx.acting, Act.DRAFT_DOCUMENT)
    assert tx.acting.agency_id is not None
    agency = tx.get(Agency, tx.acting.agency_id)
    code = tx.scalar(
        sa.select(AgencyCode.code).where(
            AgencyCode.agency_id == agency.id, AgencyCode.preferred.is_(True)
        )
    )
    document = tx.add(
        OutgoingDocument(
            agency_id=agency.id,
            organ_code=code or "",
            organ_name=agency.name,
            place=agency.place,
            subject=subject,
            unit_id=tx.acting.unit_id,
            author_id=tx.acting.officer_id,
            created_at=tx.now,
        )
    )
    _link(tx, document, in_reply_to, replaces)
    definition = definition_for(tx, agency.id, OUTGOING, tx.acting.unit_id)
    started = runtime.start(
        tx,
        means.desk,
        definition,
        subject_type=OUTGOING,
        subject_id=document.id,
        variables={
            "author": str(tx.acting.officer_id),
            "drafting_unit": str(tx.acting.unit_id) if tx.acting.unit_id else None,
            "signatory": None,
            "cooperating": [],
            "outcome": None,
            "urgency": document.urgency.value,
        },
    )
    _ensure_judges(tx, means, definition, started)
    journal.record(
        tx, "begin_draft", "outgoing_document", document.id, instance=started.instance.id
    )
    return document, started


def _link(
    tx: Transaction, document: OutgoingDocument, answered: UUID | None, replaced: UUID | None
) -> None:
    if answered is not None:
        link_documents(tx, document, tx.get(IncomingDocument, answered), LinkKind.REPLIES_TO)
    if replaced is not None:
        old = tx.get(OutgoingDocument, replaced)
        ensure_may_be_asked(old)
        link_documents(tx, document, old, LinkKind.REPLACES)


#: above whose drafts there may be nobody
_HEADS = frozenset({Role.UNIT_HEAD.value, Role.LEADER.value})


def _ensure_judges(
    tx: Transaction, means: Means, definition: Definition, started: Completed
) -> None:
    """Ask now for who judges the draft of a head or leader: later his work would be in vain."""
    if tx.acting.unit_id is not None and not tx.acting.roles & _HEADS:
        return
    author = {"author": str(tx.acting.officer_id)}
    unit = {"drafting_unit": str(tx.acting.unit_id) if tx.acting.unit_id else None}
    for node in program_of(tx, definition.id).nodes.values():
        if node.exclude == "=author" and not node.assignee:
            means.desk.assign(tx, started.instance, node, {**author, **unit})
