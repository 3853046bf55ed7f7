"""Client of an axis adapter over HTTP (trục liên thông quốc gia, tỉnh, or our own).

Each call is signed at its own moment.
"""

import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

import orjson

from exchange.answer_spool import AnswerSpool
from exchange.axis_headers import sign
from exchange.axis_rows import PAGE
from exchange.clock import now, parse_moment, write_moment
from exchange.errors import (
    AxisFault,
    NoSuchPacket,
    NotRecognised,
    RefusedByAxis,
    Unreachable,
)
from exchange.gateway import Arrival, DirectoryEntry, MessageType, Outcome
from exchange.wire import Patience, Secret, Wire, hide, json_object, status_error

__all__ = ["AxisClient", "Connection", "Secret"]

#: a signed call states its parameters twice; servers take about 8 kB in one header
_HEADER_ROOM: Final = 3_000
#: bytes of an answer in which there is no message: a list of some thousand rows
_LISTED: Final = 20_000_000
#: for what somebody waits for at a page
_BRIEF: Final = Patience(connect=5.0, total=15.0, largest_answer=20_000_000)


@dataclass(frozen=True)
class Connection:
    """How to reach an axis (cấu hình kết nối): `secret` never shows in a repr.

    `organ_id` is the code the agency sends under; times are seconds, sizes bytes.
    """

    endpoint: str
    system_id: str
    secret: Secret
    organ_id: str
    connect_timeout: float = 10.0
    total_timeout: float = 120.0
    largest_answer: int = 150_000_000


class AxisClient:
    """A Gateway over the HTTP interface of an axis adapter; safe to share between threads."""

    def __init__(
        self,
        connection: Connection,
        clock: Callable[[], datetime] = now,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        patience = Patience(
            connection.connect_timeout, connection.total_timeout, connection.largest_answer
        )
        self._wire = Wire(connection.endpoint, patience, tls)
        self._plain = Wire(
            connection.endpoint,
            replace(patience, largest_answer=min(_LISTED, connection.largest_answer)),
            tls,
        )
        self._brief = Wire(connection.endpoint, _BRIEF, tls)
        self._connection = connection
        self._clock = clock

    def send(self, message_type: MessageType, data: bytes, to: tuple[str, ...] = ()) -> str:
        """Send a message and return the DocId of the axis."""
        parameters = {
            "servicetype": "eDoc",
            "messagetype": message_type.value,
            "from": self._connection.organ_id,
        }
        if to:
            parameters["to"] = orjson.dumps(to).decode()
        if len(parameters.get("to", "")) > _HEADER_ROOM:
            description = "quá nhiều nơi nhận trong một lần gửi; hãy gửi theo từng nơi nhận"
            raise RefusedByAxis(operation="sendEdoc", error_code="to", description=description)
        answer = self._call("sendEdoc", parameters, data)
        receipt = answer.get("DocId") or answer.get("docId")
        if not isinstance(receipt, str) or not receipt:
            raise Unreachable(operation="sendEdoc", reason="không có DocId trong trả lời")
        return receipt

    def list_received(self, message_type: MessageType) -> list[Arrival]:
        """Return the packets waiting for this system."""
        parameters = {"servicetype": "eDoc", "messagetype": message_type.value}
        rows = self._rows("getReceivedEdocList", parameters)
        return [
            Arrival(
                packet_id=str(row["docId"]),
                message_type=message_type,
                sender=str(row.get("from") or ""),
                receiver=str(row.get("to") or ""),
                created_at=parse_moment(str(row.get("created_time") or "")),
            )
            for row in rows
            if row.get("docId")
        ]

    def fetch(self, packet_id: str) -> bytes:
        """Return the message of a packet; a large one waits on the disk while it comes."""
        spool = AnswerSpool("getEdoc")
        try:
            answer = self._call("getEdoc", {"docId": packet_id}, spool=spool)
        except RefusedByAxis as refusal:
            if refusal.fields.get("error_code") == "404":
                raise NoSuchPacket(packet_id=packet_id) from refusal
            raise
        finally:
            data = spool.read()
        if not spool.is_found or data is None or "data" not in answer:
            reason = "nội dung gói tin không phải base64"
            raise Unreachable(operation="getEdoc", reason=reason)
        return data

    def confirm(self, packet_id: str, outcome: Outcome, description: str = "") -> None:
        """Tell the axis what became of a packet."""
        parameters = {"docId": packet_id, "status": outcome.value}
        if description.strip():
            parameters["description"] = description[:500]
        self._call("updateStatus", parameters)

    def directory(self) -> list[DirectoryEntry]:
        """Return the directory, one entry per code."""
        return [
            DirectoryEntry(
                code=str(row["code"]),
                name=str(row.get("name") or ""),
                agency_id=str(row.get("id") or ""),
                parent_id=str(row.get("pid") or ""),
                mail=str(row.get("mail") or ""),
            )
            for row in self._rows("getAgenciesList", {})
            if row.get("code")
        ]

    def sent(
        self,
        message_type: MessageType,
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> list[dict[str, Any]]:
        """Return what became of sent packets, one row per receiver, as the axis words it.

        Without times those the axis shows first, its newest; between two times all it has.
        """
        parameters = {"servicetype": "eDoc", "messagetype": message_type.value}
        if since is None or until is None:
            return self._rows("getSentEdocList", parameters)
        parameters |= {"fromDate": write_moment(since), "toDate": write_moment(until), "after": "0"}
        found: dict[str, dict[str, Any]] = {}
        while page := self._rows("getSentEdocList", parameters):
            known = len(found)
            found |= {str(row.get("receiverDocId")): row for row in page}
            if len(found) == known or len(page) < PAGE:
                break  # the last one, or an axis that does not know of pages repeats itself
            parameters["after"] = str(page[-1].get("receiverDocId"))
        return [*found.values()]

    def log_proof(self, doc_id: str, digest: str, to: str) -> dict[str, Any] | None:
        """Return what the log of an axis of ours says of a message; others refuse the call."""
        parameters = {"docId": doc_id, "digest": digest, **({"to": to} if to else {})}
        data = self._call("getLogProof", parameters, is_brief=True).get("data")
        return data if isinstance(data, dict) else None

    def _rows(self, operation: str, parameters: Mapping[str, str]) -> list[dict[str, Any]]:
        rows = self._call(operation, parameters).get("data") or []
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise Unreachable(operation=operation, reason="trả lời không đúng cấu trúc")
        return rows

    def _call(
        self,
        operation: str,
        parameters: Mapping[str, str],
        body: bytes = b"",
        *,
        is_brief: bool = False,
        spool: AnswerSpool | None = None,
    ) -> dict[str, Any]:
        own = self._connection
        headers = sign(parameters, body, own.system_id, own.secret, self._clock())
        headers["Content-Type"] = "application/octet-stream"
        if spool is not None:
            status, data = self._post(operation, headers, body, spool.feed)
            data = spool.rest
        else:
            status, data = (self._brief.ask if is_brief else self._post)(operation, headers, body)
        return _judge(operation, status, data, own.secret)

    def _post(
        self,
        operation: str,
        headers: dict[str, str],
        body: bytes,
        take: Callable[[bytes], None] | None = None,
    ) -> tuple[int, bytes]:
        wire = self._plain if take is None else self._wire
        return wire.ask(operation, headers, body, take=take)


def _judge(operation: str, status: int, data: bytes, secret: str) -> dict[str, Any]:
    """Sort an answer into success, a fault to retry and a refusal for good."""
    answer = json_object(operation, status, data)
    error_code = str(answer.get("ErrorCode") or "0")
    facts = {
        "operation": operation,
        "error_code": error_code if error_code != "0" else str(status),
        "description": hide(str(answer.get("ErrorDesc") or answer.get("status") or ""), secret),
    }
    if error_code == "20":
        raise AxisFault(**facts)
    if error := status_error(status, facts):
        raise error
    if error_code == "15":
        raise NotRecognised(**facts)
    if error_code != "0" or answer.get("status") != "OK":
        raise RefusedByAxis(**facts)
    return answer
