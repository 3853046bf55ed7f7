"""Tries an axis or a node through its adapter interface (kiểm tra tương thích trục).

It speaks as a sender and as a receiver, calls as a deployed client would, and says what was
expected, what was seen and whether they agree. Its messages name themselves as a trial, and what it
sent is confirmed at the end.
"""

import base64
import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

import orjson

from exchange.axis_headers import sign
from exchange.clock import VIETNAM, now, write_date
from exchange.document_type import document_type
from exchange.edxml_write import write, write_status
from exchange.envelope import Attachment, Code, Envelope, Party, ResponseFor
from exchange.errors import GatewayError, Unreachable
from exchange.gateway import MessageType
from exchange.status import StatusCode, StatusMessage
from exchange.wire import PATIENCE, Patience, Secret, Wire, hide


class Verdict(StrEnum):
    """How a case ended (kết quả)."""

    PASSED = "passed"
    FAILED = "failed"
    SKIPPED = "skipped"


class Unmet(Exception):
    """What was seen is not what was expected."""


class NotTried(Exception):
    """The case needs something that this axis or this call does not offer."""


@dataclass(frozen=True)
class Speaker:
    """One side of an exchange (bên gửi, bên nhận): a system, its secret and an agency's code."""

    system_id: str
    secret: Secret
    code: str


@dataclass(frozen=True)
class Answer:
    """What the axis answered to one call; `told` is empty where it was no JSON object."""

    status: int
    told: Mapping[str, Any]

    @property
    def is_ok(self) -> bool:
        """Say whether the call succeeded as clients read it."""
        code = str(self.told.get("ErrorCode") or "0")
        return self.status == 200 and self.told.get("status") == "OK" and code == "0"

    @property
    def is_refusal(self) -> bool:
        """Say whether it is a defined refusal: JSON, and not a failure of the axis itself."""
        return bool(self.told) and not self.is_ok and self.status < 500

    @property
    def data(self) -> list[dict[str, Any]]:
        """The rows of an answer that has some."""
        rows = self.told.get("data")
        return [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []

    def __str__(self) -> str:
        if not self.told:
            return f"HTTP {self.status}, không phải JSON"
        words = [str(self.told.get(name) or "") for name in ("status", "ErrorCode", "ErrorDesc")]
        return f"HTTP {self.status} {' '.join(filter(None, words))}"[:200]


class Bench:
    """An axis under trial: calls to it, messages for it, and what it was sent."""

    def __init__(
        self,
        endpoint: str,
        sender: Speaker,
        receiver: Speaker,
        large: int = 5_000_000,
        patience: Patience = PATIENCE,
        clock: Callable[[], datetime] = now,
    ) -> None:
        self.sender, self.receiver, self.large = sender, receiver, large
        self.clock = clock
        #: tells the messages of this trial from those of any other
        self.trial = uuid.uuid4().hex[:10]
        self._wire = Wire(endpoint, patience)
        self._sent = 0
        self._left: dict[str, Speaker] = {}

    def call(
        self,
        operation: str,
        parameters: Mapping[str, str] | None = None,
        body: bytes = b"",
        *,
        by: Speaker | None = None,
        at: datetime | None = None,
        change: Mapping[str, str] | None = None,
        instead: bytes | None = None,
        method: str = "POST",
    ) -> Answer:
        """Call as `by`, at the moment `at`; `change` alters headers, `instead` the signed body."""
        by = by or self.sender
        headers = sign(parameters or {}, body, by.system_id, by.secret, at or self.clock())
        headers |= {"Content-Type": "application/octet-stream", **(change or {})}
        return self.repeat(operation, headers, body if instead is None else instead, method)

    def raw(
        self, operation: str, parameters: Mapping[str, str], by: Speaker, method: str
    ) -> tuple[int, bytes]:
        """Call what answers no JSON; return the status and the body, or raise Unmet."""
        headers = sign(parameters, b"", by.system_id, by.secret, self.clock())
        return self._ask(operation, headers, b"", method)

    def _ask(
        self, operation: str, headers: Mapping[str, str], body: bytes, method: str
    ) -> tuple[int, bytes]:
        try:
            return self._wire.ask(operation, headers, body, method=method)
        except GatewayError as error:
            raise Unmet(error.text("vi")) from None

    def repeat(
        self, operation: str, headers: Mapping[str, str], body: bytes = b"", method: str = "POST"
    ) -> Answer:
        """Call with these very headers; raises Unmet where nothing usable comes back."""
        status, data = self._ask(operation, headers, body, method)
        try:
            told = orjson.loads(data)
        except orjson.JSONDecodeError:
            told = {}
        return Answer(status, told if isinstance(told, dict) else {})

    def send(
        self,
        data: bytes,
        to: Iterable[str] = (),
        kind: MessageType = MessageType.EDOC,
        by: Speaker | None = None,
    ) -> Answer:
        """Hand a message over, with receivers stated or left to the message."""
        by = by or self.sender
        stated = {"servicetype": "eDoc", "messagetype": kind.value, "from": by.code}
        if codes := list(to):
            stated["to"] = orjson.dumps(codes).decode()
        return self.call("sendEdoc", stated, data, by=by)

    def listed(
        self, kind: MessageType = MessageType.EDOC, by: Speaker | None = None, **days: str
    ) -> list[dict[str, Any]]:
        """Return the rows of a receiver's list; raises Unmet when there is no list."""
        stated = {"servicetype": "eDoc", "messagetype": kind.value, **(days or self.today())}
        answer = self.call("getReceivedEdocList", stated, by=by or self.receiver)
        return rows_of(answer)

    def today(self) -> dict[str, str]:
        """Return the parameters of a list of these days; a live axis may have many packets."""
        today = self.clock().astimezone(VIETNAM).date()
        one = timedelta(days=1)
        return {"fromDate": write_date(today - one), "toDate": write_date(today + one)}

    def fetch(self, packet_id: str, by: Speaker | None = None) -> bytes:
        """Return the bytes of a packet; raises Unmet."""
        answer = self.call("getEdoc", {"docId": packet_id}, by=by or self.receiver)
        data = answer.told.get("data")
        if not answer.is_ok or not isinstance(data, str):
            raise Unmet(str(answer))
        try:
            return base64.b64decode(data, validate=True)
        except ValueError:
            raise Unmet("data không phải base64") from None

    def confirm(
        self, packet_id: str, outcome: str, description: str = "", by: Speaker | None = None
    ) -> Answer:
        """Tell what became of a packet."""
        stated = {"docId": packet_id, "status": outcome}
        if description:
            stated["description"] = description
        return self.call("updateStatus", stated, by=by or self.receiver)

    def arrived(
        self,
        data: bytes,
        known: Iterable[str] = (),
        kind: MessageType = MessageType.EDOC,
        by: Speaker | None = None,
    ) -> list[dict[str, Any]]:
        """Return the rows not in `known` that carry these bytes; they are confirmed at the end."""
        by, before = by or self.receiver, set(known)
        rows = [row for row in self.listed(kind, by) if str(row.get("docId")) not in before]
        found = [row for row in rows if self.fetch(str(row["docId"]), by) == data]
        self._left |= {str(row["docId"]): by for row in found}
        return found

    def waiting(self, kind: MessageType = MessageType.EDOC, by: Speaker | None = None) -> list[str]:
        """Return the ids that a receiver's list names now."""
        return [str(row.get("docId")) for row in self.listed(kind, by)]

    def document(self, to: Iterable[str] = (), sender: str = "", size: int = 0) -> bytes:
        """Return a message nobody has sent before, of about `size` bytes."""
        return write(self.envelope(to, sender, size))

    def envelope(self, to: Iterable[str] = (), sender: str = "", size: int = 0) -> Envelope:
        """Return the envelope of a document that says what it is."""
        self._sent += 1
        on, code = self.clock().astimezone(VIETNAM).date(), sender or self.sender.code
        reference = Code(str(self._sent), f"KT-{self.trial}")
        filling = uuid.uuid4().bytes * (size * 3 // 4 // 16)
        return Envelope(
            sender=Party(code, "Kiểm tra tương thích trục"),
            receivers=tuple(Party(one, one) for one in (tuple(to) or (self.receiver.code,))),
            code=reference,
            promulgated_on=on,
            document_type=document_type("Công văn"),
            subject="Kiểm tra tương thích trục liên thông, xin bỏ qua",
            document_id=f"{code},{write_date(on)},{reference}",
            attachments=(Attachment.of("thu.pdf", b"%PDF-1.7\n" + filling + b"\n%%EOF\n"),),
        )

    def status_of(self, envelope: Envelope) -> bytes:
        """Return the receiver's report on a document."""
        response = ResponseFor(
            envelope.sender.organ_id,
            str(envelope.code),
            envelope.promulgated_on,
            envelope.document_id,
        )
        return write_status(
            StatusMessage(
                Party(self.receiver.code, "Kiểm tra tương thích trục"),
                response,
                StatusCode.ARRIVED,
                self.clock(),
                "Kiểm tra tương thích trục, xin bỏ qua",
            )
        )

    def tidy(self) -> None:
        """Confirm what this trial sent and nobody confirmed."""
        for packet_id, by in self._left.items():
            try:
                self.confirm(packet_id, "done", "Kiểm tra tương thích trục", by)
            except Unmet:
                continue  # the axis went away; its cases say so


def rows_of(answer: Answer) -> list[dict[str, Any]]:
    """Return the rows of an answer; raises Unmet where it is none."""
    if not answer.is_ok or not isinstance(answer.told.get("data"), list):
        raise Unmet(str(answer))
    return answer.data


@dataclass(frozen=True)
class Case:
    """One thing an axis must do (một phép thử); `run` returns what was seen or raises."""

    number: str
    run: Callable[[Bench], str]
    vi: str
    en: str
    expected_vi: str
    expected_en: str


@dataclass(frozen=True)
class Result:
    """How one case ended, with what was seen."""

    case: Case
    verdict: Verdict
    seen: str


@dataclass
class Report:
    """How a trial ended (bảng kết quả)."""

    results: list[Result] = field(default_factory=list)

    @property
    def is_conformant(self) -> bool:
        """Say whether no case failed and some passed."""
        verdicts = [result.verdict for result in self.results]
        return Verdict.FAILED not in verdicts and Verdict.PASSED in verdicts


def try_axis(bench: Bench, cases: Iterable[Case]) -> Report:
    """Run the cases in their order and return what became of each; secrets stand in none."""
    report = Report()
    secrets = (bench.sender.secret, bench.receiver.secret)
    try:
        for case in cases:
            try:
                verdict, seen = Verdict.PASSED, case.run(bench)
            except Unmet as found:
                verdict, seen = Verdict.FAILED, str(found)
            except NotTried as found:
                verdict, seen = Verdict.SKIPPED, str(found)
            report.results.append(Result(case, verdict, hide(seen, *secrets)))
    finally:
        bench.tidy()
    return report


def speakers(
    endpoint: str, system_id: str, secret: Secret, patience: Patience = PATIENCE
) -> tuple[str, ...]:
    """Return the codes an axis says a system speaks for; none where it does not say."""
    nobody = Speaker(system_id, secret, "")
    try:
        answer = Bench(endpoint, nobody, nobody, patience=patience).call("getSynchronizeUnit")
    except Unmet as found:
        raise Unreachable(operation="getSynchronizeUnit", reason=str(found)) from None
    own = [row for row in answer.data if row.get("centerCode") == system_id]
    by_agency: dict[str, str] = {}
    for row in own:
        if not row.get("deleted"):
            by_agency.setdefault(str(row.get("id")), str(row.get("code")))
    return tuple(by_agency.values())
