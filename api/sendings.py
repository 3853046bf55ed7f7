"""What passed about a document (gói tin liên thông): packets, attempts, receipts, send again."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from flask import Response

from api.answers import Answer, show
from api.bearer import Scope, guarded, transaction
from api.blueprint import Resource
from api.documents import read_document
from api.idempotency import carry_out
from api.installation import installation
from api.schemas.sendings import SendingList
from engine.database import Transaction
from engine.errors import NotFound
from processes.delivery.sendings import Sending, given_up, sendings_of
from processes.delivery.unsent import send_again
from processes.evidence.exchange import evidence_of
from records.authority import Act, authorize
from records.document import Document, IncomingDocument, OutgoingDocument
from records.transfer import Direction

outgoing = Resource("outgoing-sendings", "outgoing-documents", "Văn bản đi")
incoming = Resource("incoming-sendings", "incoming-documents", "Văn bản đến")
packets = Resource("sendings", "sendings", "Gói tin liên thông")

_PACKET = (
    "id", "direction", "message_type", "state", "from_code", "to_code", "recipient_id", "send_id",
    "packet_id", "sha256", "size", "repeats", "at",
)  # fmt: skip
_ATTEMPT = ("number", "address", "outcome", "error_code", "error", "started_at", "ended_at")
_FAILURE = ("incident_id", "to", "why", "since")


@outgoing.get("/<uuid:document_id>/sendings")
@guarded(Scope.READ, Act.READ_DOCUMENT)
@outgoing.response(200, SendingList)
def sent(document_id: UUID) -> Response:
    """Return how each packet of an outgoing document fared, attempt by attempt."""
    return _show(OutgoingDocument, document_id)


@incoming.get("/<uuid:document_id>/sendings")
@guarded(Scope.READ, Act.READ_DOCUMENT)
@incoming.response(200, SendingList)
def received(document_id: UUID) -> Response:
    """Return the packet a document came in, and the reports that were sent on it."""
    return _show(IncomingDocument, document_id)


@outgoing.post("/<uuid:document_id>/sendings/<uuid:incident_id>/retry")
@guarded(Scope.WRITE, Act.ISSUE_DOCUMENT)
@outgoing.response(200, SendingList)
def send_document_again(document_id: UUID, incident_id: UUID) -> Response:
    """Try again what was given up, under the same send id and with the same bytes."""
    return _again(OutgoingDocument, document_id, incident_id)


@incoming.post("/<uuid:document_id>/sendings/<uuid:incident_id>/retry")
@guarded(Scope.WRITE, Act.ISSUE_DOCUMENT)
@incoming.response(200, SendingList)
def send_report_again(document_id: UUID, incident_id: UUID) -> Response:
    """Try again to send a report that was given up."""
    return _again(IncomingDocument, document_id, incident_id)


@packets.get("/<uuid:packet_id>/evidence")
@guarded(Scope.READ, Act.EXPORT_EVIDENCE)
@packets.response(
    200, {"type": "string", "format": "binary"}, content_type="application/vnd.etsi.asic-e+zip"
)
def evidence(packet_id: UUID) -> Response:
    """Hand over the evidence of one exchange as a container that verifies offline.

    `Congvan-Manifest` is the digest of its manifest, to be kept elsewhere; the journal has it too.
    """
    office = installation()
    made = evidence_of(transaction, office.database, office.means, packet_id)
    response = Response(made.content, content_type=made.media_type)
    response.headers["Content-Disposition"] = f'attachment; filename="{made.name}"'
    response.headers["Congvan-Manifest"] = made.manifest
    response.headers["Cache-Control"] = "no-store"
    return response


def _show(entity: type[Any], document_id: UUID) -> Response:
    with transaction() as tx:
        return show(_said(tx, read_document(tx, entity, document_id)))


def _again(entity: type[Any], document_id: UUID, incident_id: UUID) -> Response:
    def effect(tx: Transaction) -> Answer:
        document = read_document(tx, entity, document_id)
        authorize(tx.acting, Act.ISSUE_DOCUMENT)
        if incident_id not in {one.incident_id for one in given_up(tx, document)}:
            raise NotFound(what="gói tin không gửi được")
        send_again(tx, incident_id)
        tx.flush()
        return Answer(_said(tx, document))

    return carry_out(effect)


def _said(tx: Transaction, document: Document) -> dict[str, Any]:
    return {
        "items": [_line(one) for one in sendings_of(tx, document)],
        "failures": _named(given_up(tx, document), _FAILURE),
    }


def _line(one: Sending) -> dict[str, Any]:
    return {
        **{name: getattr(one.packet, name) for name in _PACKET},
        "attempts": _named(one.attempts, _ATTEMPT),
        "receipt": _receipt(one),
    }


def _receipt(one: Sending) -> dict[str, Any] | None:
    if one.receipt is None:
        return None
    given = "signed" if one.receipt.body else "waiting"
    return {
        "state": given if one.packet.direction is Direction.IN else one.receipt.verdict,
        "signer": one.receipt.signer,
        "fingerprint": one.receipt.fingerprint,
        "at": one.receipt.at,
    }


def _named(rows: Iterable[Any], names: Iterable[str]) -> list[dict[str, Any]]:
    return [{name: getattr(one, name) for name in names} for one in rows]
