"""Receive an incoming document (tiếp nhận): the record is made, the procedure starts."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from uuid import UUID

from engine import runtime
from engine.database import Transaction
from engine.definition import definition_for
from engine.runtime import Completed
from processes.means import Means
from processes.order import Upload
from processes.subjects import INCOMING
from processes.verify import main_of, post_check
from records import journal
from records.authority import Act, authorize
from records.content import attach_file
from records.document import IncomingDocument
from records.inspection import PDF
from records.vocabulary import Authenticity, Channel, FileKind, Secrecy, Urgency


@dataclass(frozen=True, slots=True)
class ReceiveIncoming:
    """The command: what arrived at the counter, by post or by mail (Quy chế, Điều 3.7, 7.1)."""

    channel: Channel
    organ_name: str
    subject: str
    type_name: str = ""
    type_id: UUID | None = None
    code_number: str = ""
    code_notation: str = ""
    issued_on: date | None = None
    urgency: Urgency = Urgency.NORMAL
    secrecy: Secrecy = Secrecy.NONE
    is_petition: bool = False
    page_amount: int = 0
    files: Sequence[Upload] = field(default_factory=tuple)


def receive(
    tx: Transaction, means: Means, command: ReceiveIncoming
) -> tuple[IncomingDocument, Completed]:
    """Make the record of what arrived and start its procedure.

    Raises `NoRight`, `SecretRefused` (a secret document does not enter), and what the file store
    refuses.
    """
    authorize(tx.acting, Act.RECEIVE_DOCUMENT)
    assert tx.acting.agency_id is not None
    document = IncomingDocument(
        agency_id=tx.acting.agency_id,
        channel=command.channel,
        organ_name=command.organ_name,
        subject=command.subject,
        type_name=command.type_name,
        type_id=command.type_id,
        code_number=command.code_number,
        code_notation=command.code_notation,
        issued_on=command.issued_on,
        urgency=command.urgency,
        secrecy=command.secrecy,
        is_petition=command.is_petition,
        page_amount=command.page_amount,
        received_at=tx.now,
        created_at=tx.now,
    )
    document.ensure_may_be_kept(stubs_allowed=False)
    document.ensure_lengths()
    tx.add(document)
    _attach(tx, document, command.files)
    return document, begin(tx, means, document)


def _attach(tx: Transaction, document: IncomingDocument, uploads: Sequence[Upload]) -> None:
    """Attach what came and have the signatures checked (Quy chế, Điều 5.1, 7.1)."""
    is_paper = document.channel.is_paper
    main = main_of([upload.stored for upload in uploads])
    for upload in uploads:
        kind = FileKind.MAIN if upload.stored is main else FileKind.ANNEX
        file = attach_file(
            tx, document, upload.stored, name=upload.name, kind=FileKind.SCAN if is_paper else kind
        )
        if file.media_type == PDF:
            post_check(tx, file)
    if not is_paper and (main is None or main.media_type != PDF):
        document.authenticity = Authenticity.UNSIGNED


def begin(tx: Transaction, means: Means, document: IncomingDocument) -> Completed:
    """Start the agency's procedure for incoming documents over `document`."""
    definition = definition_for(tx, document.agency_id, INCOMING, tx.acting.unit_id)
    started = runtime.start(
        tx,
        means.desk,
        definition,
        subject_type=INCOMING,
        subject_id=document.id,
        variables=starting_variables(document),
    )
    journal.record(
        tx, "receive", "incoming_document", document.id, channel=document.channel.value,
        instance=started.instance.id,
    )  # fmt: skip
    return started


def starting_variables(document: IncomingDocument) -> dict[str, object]:
    """Return the routing variables every incoming procedure may use from its start."""
    return {
        "urgency": document.urgency.value,
        "channel": document.channel.value,
        "is_petition": document.is_petition,
        "outcome": None,
        "director": None,
        "lead_unit": None,
        "lead_officer": None,
        "processed_by": None,
        "deadline": None,
        "cooperating": [],
        "cooperation": [],
        "informed": [],
    }
