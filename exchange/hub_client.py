"""Client of a provincial hub's REST interface (trục nội tỉnh: EdocService).

Everything but a message travels in headers. The hub takes a new document once for all receivers its
message names, and its confirmation of one packet confirms every status that waits.
"""

import base64
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final

import orjson

from exchange.addressees import addressees, expect_named
from exchange.envelope import Envelope
from exchange.errors import AxisFault, NoSuchPacket, NotRecognised, RefusedByAxis, Unreachable
from exchange.gateway import Arrival, DirectoryEntry, MessageType, Outcome
from exchange.wire import PATIENCE, Patience, Secret, Wire, hide, json_object, status_error

_SUCCESS: Final = frozenset({"0", "200"})
#: a document of this DocumentId is there already
_KNOWN: Final = frozenset({"ExistDoc", "M.Exist"})
#: N. missing, R. range, M. value, T. type, each with the element's path
_FORM: Final = ("N.", "R.", "M.", "T.")
_REFUSALS: Final = frozenset({"Permission", "CheckSignature", "BadRequest", "MessageType", "DocID"})


class HeldForOthers(RefusedByAxis):
    """The hub has this document for other receivers and takes it no second time (đã có trên trục).

    One message that names all receivers would have reached them all.
    """

    code = "axis-held-for-others"
    vi = (
        "Trục đã có văn bản {document_id} nhưng chưa có cho nơi nhận {codes}, và không nhận "
        "lần hai. Gửi cho các nơi nhận này bằng đường khác."
    )
    en = (
        "The hub has {document_id} but not for {codes}, and takes it no second time. "
        "Reach these receivers by another way."
    )


@dataclass(frozen=True)
class HubConnection:
    """How to reach the hub (cấu hình kết nối): `token` never shows in a repr."""

    endpoint: str
    organ_id: str
    token: Secret
    patience: Patience = PATIENCE


class HubClient:
    """A Gateway over the hub; packet ids are `edoc-` or `status-` and the hub's number."""

    def __init__(self, connection: HubConnection, tls: ssl.SSLContext | None = None) -> None:
        self._connection = connection
        self._wire = Wire(connection.endpoint, connection.patience, tls)
        self._settled: set[str] = set()

    def send(self, message_type: MessageType, data: bytes, to: tuple[str, ...] = ()) -> str:
        """Send a message; a document the hub has for all its receivers counts as sent."""
        message = expect_named(data, to)
        headers = {"type": _type(message_type), "Content-Type": "application/octet-stream"}
        try:
            answer = self._call("sendDocument", headers, data)
        except RefusedByAxis as refusal:
            if refusal.fields.get("error_code") not in _KNOWN or not isinstance(message, Envelope):
                raise
            self._expect_held(message, to or addressees(message))
            return sha256(data).hexdigest()
        receipt = str(answer.get("docId") or answer.get("docID") or "0")
        if receipt == "0":  # a status it could not place is answered with success and number 0
            description = "trục không cấp số gói tin"
            raise AxisFault(operation="sendDocument", error_code="0", description=description)
        return receipt

    def list_received(self, message_type: MessageType) -> list[Arrival]:
        """Return the packets pending for our agency; the hub tells neither sender nor time."""
        answer = self._call("getPendingDocIds", {"type": _type(message_type)}, method="GET")
        rows = next(
            (v for k, v in answer.items() if isinstance(v, list) and k.lower() != "errors"), []
        )
        numbers = [row.get("docId") if isinstance(row, dict) else row for row in rows]
        receiver = self._connection.organ_id
        # a document for several receivers is listed once for each
        return [
            Arrival(f"{message_type}-{number}", message_type, receiver=receiver)
            for number in dict.fromkeys(numbers)
            if isinstance(number, int | str) and str(number).isalnum()
        ]

    def fetch(self, packet_id: str) -> bytes:
        """Return the message of a packet."""
        data = self._call("getDocument", _named(packet_id)).get("data")
        if not data:
            raise NoSuchPacket(packet_id=packet_id[:80])
        try:
            return base64.b64decode(data if isinstance(data, str) else "*", validate=True)
        except ValueError as error:
            reason = "nội dung gói tin không phải base64"
            raise Unreachable(operation="getDocument", reason=reason) from error

    def confirm(
        self,
        packet_id: str,
        outcome: Outcome,
        description: str = "",  # noqa: ARG002 - the hub takes no reason
    ) -> None:
        """Confirm a packet, once no status waits that would be confirmed with it unread.

        A packet that stays is listed again and confirmed then. The hub knows no other outcome, so
        one that failed is confirmed too and its reason stays with us.
        """
        headers = _named(packet_id)
        if outcome is Outcome.PROCESSING:
            return
        self._settled.add(packet_id)
        waiting = {arrival.packet_id for arrival in self.list_received(MessageType.STATUS)}
        if waiting <= self._settled:
            self._call("confirmReceived", headers)
            self._settled.clear()

    def directory(self) -> list[DirectoryEntry]:
        """Return the members of the hub."""
        answer = self._call("getOrganizations", {}, method="GET")
        rows = answer.get("organizations") or []
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise Unreachable(operation="getOrganizations", reason="trả lời không đúng cấu trúc")
        return [
            DirectoryEntry(
                code=str(row.get("organId") or row.get("OrganId")),
                name=str(row.get("organName") or row.get("OrganName") or ""),
                mail=str(row.get("email") or row.get("Email") or ""),
            )
            for row in rows
            if row.get("organId") or row.get("OrganId")
        ]

    def _expect_held(self, message: Envelope, receivers: tuple[str, ...]) -> None:
        """Raise HeldForOthers unless the hub has the document for each of these receivers."""
        missing = []
        for code in receivers:
            asked = {
                "fromOrgan": message.sender.organ_id,
                "toOrgan": code,
                "docCode": str(message.code),
            }
            headers = {"Content-Type": "application/json"}
            answer = self._call("checkExistDocument", headers, orjson.dumps(asked))
            if answer.get("isExist") is not True:
                missing.append(code)
        if missing:
            codes, document_id = ", ".join(missing), message.identifier
            raise HeldForOthers(
                codes=codes,
                document_id=document_id,
                operation="sendDocument",
                error_code="ExistDoc",
            )

    def _call(
        self, operation: str, headers: Mapping[str, str], body: bytes = b"", method: str = "POST"
    ) -> dict[str, Any]:
        own = self._connection
        identity = {"organid": own.organ_id, "authorization": own.token}
        path = f"/EdocService/{operation}"
        told = self._wire.ask(operation, {**identity, **headers}, body, method=method, path=path)
        return _judge(operation, *told, own.token)


def _judge(operation: str, status: int, data: bytes, secret: str) -> dict[str, Any]:
    """Sort an answer: what the hub finds wrong with a message is final, the rest may pass."""
    answer = json_object(operation, status, data)
    found = [
        (
            str(e.get("code") or e.get("Code")),
            str(e.get("description") or e.get("Description") or ""),
        )
        for e in answer.get("errors") or answer.get("Errors") or []
        if isinstance(e, dict)
    ]
    stated = str(answer.get("code") or answer.get("Code") or "")
    codes = [code for code, _ in found]
    facts = {
        "operation": operation,
        "error_code": next((c for c in codes if c in _KNOWN), codes[0] if codes else stated),
        "description": hide("; ".join(f"[{code}] {text}" for code, text in found), secret),
    }
    if error := status_error(status, facts):
        raise error
    if stated in _SUCCESS and not found:
        return answer
    if "Permission" in codes:
        raise NotRecognised(**facts)
    if any(code in _REFUSALS | _KNOWN or code.startswith(_FORM) for code in codes):
        raise RefusedByAxis(**facts)
    raise AxisFault(**facts)


def _type(message_type: MessageType) -> str:
    return message_type.value.upper()


def _named(packet_id: str) -> dict[str, str]:
    """Return the headers that name a packet."""
    kind, _, number = packet_id.partition("-")
    if kind not in MessageType.__members__.values() or not number.isalnum():
        raise NoSuchPacket(packet_id=packet_id[:80])
    return {"type": kind.upper(), "docid": number}
