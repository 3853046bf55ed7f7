"""A search guided by coverage for packets that break the reader.

What a change of a packet makes the code of `exchange` do for the first time is kept and changed again.
`make fuzz` runs it long, `test_edxml_fuzz.py` a short slice; the same seed searches the same.
"""

import base64
import random
import re
import resource
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from types import FrameType
from typing import Any

import orjson
from deviations import CODES, READINGS, bare
from sample_messages import DOCUMENT, NS, STATUS

import exchange
from exchange.edxml import Limits, read, write, write_status
from exchange.edxml_names import KNOWN
from exchange.edxml_tree import element_name
from exchange.envelope import Envelope
from exchange.errors import ExchangeError, InvalidMessage
from exchange.message_json import to_data
from exchange.status import StatusMessage
from exchange.summary import summarize

LIMITS = Limits(message=300_000, unpacked=2_000_000, zip_floor=100_000, text=200_000)
#: what one packet of at most 64 kB may take: seconds of the processor, and bytes of memory
SECONDS, MEMORY = 5.0, 100_000_000
LARGEST = 65_536
FOUND = Path(__file__).with_name("found")

_ROOM = str(Path(exchange.__file__).parent)
_LEAF = re.compile(r"<([\w:]+)([^<>]*)>([^<>]*)</\1>")
_GROUP = re.compile(
    r"<edXML:(To|From|Bussiness|OtherInfo|Reference|TraceHeader|ResponseFor)>.*?</edXML:\1>",
    re.DOTALL,
)
_PAYLOAD = re.compile(r"(ContentTransferEncoded[^<>]*>)([^<>]*)<")
VALUES = [
    "", "0", "1", "2", "3", "5", "7", "03", "13", "-1", "70000", "9" * 30, "31/02/2026", "20/11/2026",
    "2026-11-20", "2026/11/20 25:00", "9999/12/31 23:59:59", "0001/01/01", "2026/11/20T08:00:00Z", "true", "x",
    "H55", "000.00.00.H55", "1/A", "cid:", "cid:f1", "..", "../a.pdf", "a.zip", "a.doc", "é" * 250,
    "e\u0301\u202e", "application/zip", "&#13;", "&lt;", "<![CDATA[x]]>", "<!-- x -->", "JVBE", "UEsDBA==",
]  # fmt: skip
SPLICES = [
    b"", b"\x00", b"\xff\xfe", b"<", b">", b"&", b"]]>", b"<!DOCTYPE a>", b"<!--", b"<![CDATA[", b"&#x1;", b"&#0;",
    b"<?x?>", b"=", b"PK\x03\x04", b"\xe1\xbb", b"\xed\xa0\x80", b'<?xml version="1.0" encoding="utf-16"?>',
    b"</edXML:MessageHeader>", b"<a xmlns='urn:a'>", b"xmlns='urn:b' ",
]  # fmt: skip


class Broken(AssertionError):
    """A packet the reader may not answer as it does."""

    def __init__(self, data: bytes, reason: BaseException) -> None:
        self.data = data
        super().__init__(f"{type(reason).__name__}: {reason}")


class Hang(AssertionError):
    """One packet took too long."""


def check(data: bytes, reader: Callable[..., Any] = read, seconds: float = SECONDS) -> str:
    """Read one packet and hold what is promised of any; return how it ended.

    Raises Broken.
    """
    try:
        with _bounded(seconds):
            return _answer(data, reader)
    except Exception as error:
        raise Broken(data, error) from error


def _answer(data: bytes, reader: Callable[..., Any]) -> str:
    try:
        message = reader(data, LIMITS)
    except ExchangeError as refusal:
        _known(refusal)
        return refusal.code
    assert message.original is not None
    assert {bare(one.code) for one in message.original.remarks} <= set(CODES)
    assert summarize(message)
    assert summarize(message, "en")
    orjson.dumps(to_data(message))
    _comes_back(message)
    return type(message).__name__


def _known(error: ExchangeError) -> None:
    assert error.text("vi") != error.text("en")
    if isinstance(error, InvalidMessage):
        assert {bare(one.code) for one in error.findings} <= set(CODES), error.findings


def _comes_back(message: Envelope | StatusMessage) -> None:
    """What may be sent on is read again as it was."""
    try:
        data = write(message) if isinstance(message, Envelope) else write_status(message)
    except InvalidMessage as error:
        _known(error)
        return
    if isinstance(message, Envelope):
        message = replace(message, document_id=message.identifier)
        if not message.document_type.number:
            return  # a number is written where there was none
    again = read(data)
    assert again == message, (again, message)


@contextmanager
def _bounded(seconds: float) -> Iterator[None]:
    """Stop what takes too long, and let no more memory be had than MEMORY.

    Seconds are of the processor: how busy the machine is says nothing about a packet.
    """
    stopped: list[Hang] = []

    def stop(_number: int, _frame: FrameType | None) -> None:
        stopped.append(Hang(f"more than {seconds:g} s"))
        raise stopped[0]

    pages = int(Path("/proc/self/statm").read_text("ascii").split()[0])
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + MEMORY, hard))
    old = signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, old)
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))
    if stopped:  # where it could not be raised, as in a destructor
        raise stopped[0]


class Search:
    """Packets that each made the code do something new, and the steps from line to line they took."""

    def __init__(
        self, seed: int, reader: Callable[..., Any] = read, *, guided: bool = True
    ) -> None:
        self.chance = random.Random(seed)
        self.reader = reader
        self.guided = guided
        self.seen: set[tuple[str, int, int]] = set()
        self.outcomes: dict[str, int] = {}
        self.corpus: list[bytes] = []
        for data in seeds():
            self.try_one(data)
            self.corpus.append(data)

    def keep(self, broken: Broken) -> Path:
        """Store what was found beside the tests, where it is tried from now on."""
        FOUND.mkdir(exist_ok=True)
        path = FOUND / f"{sha256(broken.data).hexdigest()[:16]}.edxml"
        path.write_bytes(broken.data)
        return path

    def run(self, packets: int) -> None:
        """Try so many packets; raises Broken for the first that breaks."""
        for _ in range(packets):
            base = self.corpus[-1 - int(len(self.corpus) * self.chance.random() ** 2)]
            data = base
            for _ in range(self.chance.randint(1, 4)):
                data = self._changed(data)[:LARGEST]
            if self.try_one(data) and self.guided:
                self.corpus.append(data)

    def try_one(self, data: bytes) -> bool:
        """Try one packet; return whether it made the code take a step it had not taken."""
        steps: set[tuple[str, int, int]] = set()
        # what is remembered from earlier packets would look like steps not taken
        element_name.cache_clear()
        outer = sys.gettrace()
        sys.settrace(_tracer(steps))
        try:
            outcome = check(data, self.reader)
        finally:
            sys.settrace(outer)
        self.outcomes[outcome] = self.outcomes.get(outcome, 0) + 1
        new = not steps <= self.seen
        self.seen |= steps
        return new

    def _changed(self, data: bytes) -> bytes:
        ways = (
            self._splice,
            self._leaf,
            self._leaf,
            self._group,
            self._insert,
            self._payload,
            self._cross,
        )
        return self.chance.choice(ways)(data)

    def _splice(self, data: bytes) -> bytes:
        at = self.chance.randrange(len(data) + 1)
        cut = self.chance.choice((0, 0, 1, 4, 40))
        piece = self.chance.choice([*SPLICES, self.chance.randbytes(2)])
        return data[:at] + piece + data[at + cut :]

    def _leaf(self, data: bytes) -> bytes:
        """Give an element another value, another name, leave it out, or have it twice."""
        text = data.decode(errors="replace")
        found = [*_LEAF.finditer(text)]
        if not found:
            return self._splice(data)
        one = self.chance.choice(found)
        name, value, whole = one[1], one[3], one[0]
        new = self.chance.choice((
            "", whole + whole, f"<{name}/>",
            f"<{name}{one[2]}>{self.chance.choice(VALUES)}</{name}>",
            f"<{name}{one[2]}>{self.chance.choice(VALUES)}</{name}>",
            f"<edXML:{self.chance.choice(_NAMES)}>{value}</edXML:{self.chance.choice(_NAMES)}>",
            f"<edXML:Sao xmlns:edXML='{NS}'>{whole}</edXML:Sao>",
        ))  # fmt: skip
        return (text[: one.start()] + new + text[one.end() :]).encode()

    def _group(self, data: bytes) -> bytes:
        """Leave a group out, have it twice, or let it stand elsewhere."""
        text = data.decode(errors="replace")
        found = [*_GROUP.finditer(text)]
        if not found:
            return self._splice(data)
        one = self.chance.choice(found)
        rest = text[: one.start()] + text[one.end() :]
        elsewhere = rest.find(">", self.chance.randrange(len(rest))) + 1
        at = self.chance.choice((one.start(), elsewhere))
        times = self.chance.choice((0, 1, 2))
        return (rest[:at] + one[0] * times + rest[at:]).encode()

    def _insert(self, data: bytes) -> bytes:
        """Put an element with a name that means something somewhere."""
        at = data.find(b">", self.chance.randrange(len(data) + 1)) + 1
        name, value = self.chance.choice(_NAMES), self.chance.choice(VALUES)
        return data[:at] + f"<edXML:{name}>{value}</edXML:{name}>".encode() + data[at:]

    def _payload(self, data: bytes) -> bytes:
        """Change a file inside its base64."""
        text = data.decode(errors="replace")
        found = _PAYLOAD.search(text)
        try:
            inner = base64.b64decode(found[2] if found else "", validate=True)
        except ValueError:
            inner = b""
        if found is None or not inner:
            return self._splice(data)
        inner = self._splice(inner)
        return (
            text[: found.start(2)] + base64.b64encode(inner).decode() + text[found.end(2) :]
        ).encode()

    def _cross(self, data: bytes) -> bytes:
        """Take an element over from another packet."""
        other = _LEAF.findall(self.chance.choice(self.corpus).decode(errors="replace"))
        if not other:
            return self._splice(data)
        name, more, value = self.chance.choice(other)
        at = data.find(b">", self.chance.randrange(len(data) + 1)) + 1
        return data[:at] + f"<{name}{more}>{value}</{name}>".encode() + data[at:]


_NAMES = sorted(KNOWN)


def seeds() -> list[bytes]:
    """Packets to begin with: the good ones, every deviation that has a code, what was found before."""
    changed = [case.change(case.base).encode() for case in READINGS]
    return [
        DOCUMENT.encode(), STATUS.encode(), *changed, *(path.read_bytes() for path in sorted(FOUND.glob("*.edxml"))),
    ]  # fmt: skip


def _tracer(steps: set[tuple[str, int, int]]) -> Callable[..., Any]:
    def lines(last: list[int], name: str) -> Callable[..., Any]:
        def local(frame: FrameType, _event: str, _argument: Any) -> Any:
            steps.add((name, last[0], frame.f_lineno))
            last[0] = frame.f_lineno
            return local

        return local

    def calls(frame: FrameType, _event: str, _argument: Any) -> Any:
        name = frame.f_code.co_filename
        return lines([0], name) if name.startswith(_ROOM) else None

    return calls
