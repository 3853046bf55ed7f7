"""Doing a history again (phát lại): every command repeated from what its event recorded.

Nothing but the events and the published diagrams is read. A command that is repeated draws from the
recorded seed at the recorded moment, so the state it leaves must be the stored one byte for byte,
and the ways it went the recorded ones.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from hashlib import sha256
from typing import Any
from uuid import UUID

import orjson
import sqlalchemy as sa
from sqlalchemy import orm

from engine import history, machine, migration, moves
from engine import program as programs
from engine.chance import Chance
from engine.definition import Definition
from engine.errors import OfficeError
from engine.failure import BudgetExceeded
from engine.history import Broken
from engine.instance import ProcessInstance
from engine.machine import Step
from engine.program import Program
from engine.release import engine_name


@dataclass(frozen=True, slots=True)
class Again:
    """What repeats one command: where it ran, the state before, the facts of its event, its moment.

    `states` holds the states that earlier events left, by their seq.
    """

    library: "Library"
    program: Program
    state: bytes
    facts: Mapping[str, Any]
    now: datetime
    states: Mapping[int, bytes]

    def start(self) -> Step:
        """Begin the procedure."""
        return machine.start(self.program, self.facts["variables"], self.now)

    def complete(self) -> Step:
        """Complete a step, or let the run go on past it."""
        item, variables = UUID(self.facts["item"]), self.facts["variables"]
        return machine.complete(self.program, self.state, item, variables, self.now)

    def fire(self) -> Step:
        """Fire a timer."""
        return machine.fire(self.program, self.state, UUID(self.facts["token"]), self.now)

    def deliver(self) -> Step:
        """Deliver a message or signal."""
        kind, name, payload = self.facts["kind"], self.facts["node"], self.facts["payload"]
        return machine.deliver(self.program, self.state, kind, name, payload, self.now)

    def cancel(self) -> Step:
        """End the procedure where it stands."""
        return machine.cancel(self.program, self.state, self.now)

    def move(self) -> Step:
        """Put a token elsewhere."""
        token, target = UUID(self.facts["token"]), self.facts["target"]
        return moves.move(self.program, self.state, token, target, self.now)

    def migrate(self) -> Step:
        """Carry the run over to another version."""
        old, table = self.library.program(self.facts["from"]), self.facts["table"]
        return migration.migrate(old, self.program, self.state, table, self.now).step

    def give_back(self) -> Step:
        """Return the run to the version it came from."""
        left, kept = self.library.program(self.facts["from"]), self.states[self.facts["undoes"] - 1]
        return migration.restore(left, self.state, self.program, kept, self.now).step


#: how each kind of event is done again
KINDS: dict[str, Callable[[Again], Step]] = {
    "start": Again.start,
    "complete": Again.complete,
    "skip": Again.complete,
    "timer": Again.fire,
    "message": Again.deliver,
    "signal": Again.deliver,
    "cancel": Again.cancel,
    "move": Again.move,
    "send_back": Again.move,
    "migrate": Again.migrate,
    "give_back": Again.give_back,
}

#: what leaves the tokens alone
UNMOVED = frozenset({"suspend", "resume", "reassign", "incident"})


class Unreadable(OfficeError):
    """What a replay needs cannot be read (không đọc được dữ liệu để phát lại)."""

    code = "replay-unreadable"
    status = 409
    vi = (
        "Không đọc được dữ liệu để phát lại ({what}). Khôi phục dữ liệu từ bản sao lưu rồi chạy "
        "lại lệnh."
    )
    en = "What the replay needs cannot be read ({what}). Restore it from a backup and try again."


class Verdict(StrEnum):
    """What doing an event again showed."""

    AGREES = "agrees"
    DIFFERS = "differs"
    #: recorded before seeds were, by an engine that went otherwise, or by a kind of command that is
    #: not repeated: chain only
    NOT_EXECUTABLE = "not_executable"


@dataclass(frozen=True, slots=True)
class Recorded:
    """An event as it was chained, and the state stored with it."""

    facts: Mapping[str, Any]
    state: bytes


@dataclass(frozen=True, slots=True)
class Replayed:
    """An event done again: what it showed, in words where it differs, and the state after it.

    Three digests of that state: the one in the chain, the stored one's, that of doing it again.
    """

    facts: Mapping[str, Any]
    verdict: Verdict
    reason: tuple[str, str]
    state: bytes
    stored: str
    executed: str | None = None

    @property
    def seq(self) -> int:
        """Its place in the chain."""
        return int(self.facts["seq"])

    @property
    def recorded(self) -> str:
        """The digest of the state in the chain."""
        return str(self.facts["state"])

    @property
    def standing(self) -> list[str]:
        """The nodes where tokens stood after it."""
        return list(self.facts.get("standing") or ())


@dataclass(frozen=True, slots=True)
class Source:
    """The bytes of a published diagram."""

    original: bytes
    normalised: bytes
    specs: bytes

    def digests(self) -> dict[str, str]:
        """Return what an event says of them."""
        parts = {"diagram": self.original, "normalised": self.normalised, "specs": self.specs}
        return {name: sha256(part).hexdigest() for name, part in parts.items()}


@dataclass
class Library:
    """The diagrams a history ran, by the id of their version; each is built once."""

    sources: Mapping[str, Source]
    _built: dict[str, Program] = field(default_factory=dict)

    def program(self, identity: str) -> Program:
        """Return what runs; raises `Unreadable`."""
        if identity not in self._built:
            if identity not in self.sources:
                raise Unreadable(what=f"phiên bản quy trình {identity}")
            try:
                self._built[identity] = programs.restore(self.sources[identity].specs)
            except (ValueError, KeyError, TypeError) as error:
                raise Unreadable(what=f"phiên bản quy trình {identity}") from error
        return self._built[identity]

    def altered(self, facts: Mapping[str, Any]) -> str:
        """Return the part of the diagram that is not what the event ran, or ""."""
        recorded, identity = facts.get("program"), facts["definition"]
        if recorded is None or identity not in self.sources:
            return ""
        now = self.sources[identity].digests()
        return next((name for name, digest in now.items() if recorded[name] != digest), "")


@dataclass(frozen=True, slots=True)
class Report:
    """A history done again: where its chain breaks, what each event showed."""

    broken: Broken | None
    events: tuple[Replayed, ...]
    library: Library

    def name_of(self, event: Replayed, node: str) -> str:
        """Return what a node is called in the diagram that an event ran."""
        found = self.library.program(event.facts["definition"]).nodes.get(node)
        return found.name or node if found is not None else node

    @property
    def differing(self) -> Replayed | None:
        """The first event that, done again, leads elsewhere."""
        return next((e for e in self.events if e.verdict is Verdict.DIFFERS), None)

    @property
    def holds(self) -> bool:
        """Whether the chain, the stored states and all that could be done again agree."""
        return self.broken is None and self.differing is None


def replay(events: Iterable[Recorded], library: Library, *, after: int = 0) -> Iterator[Replayed]:
    """Do each event again on the state its forerunner led to, and compare.

    After one that differs, or cannot be done again, the stored state is gone on from, so that every
    event is judged by itself; so it is with the first one past `after`, up to which none is.
    """
    states: dict[int, bytes] = {}
    before = b""
    for event in events:
        if event.facts["seq"] <= after:
            done = _told(event, Verdict.NOT_EXECUTABLE, *_LEFT_OUT)
        else:
            done = _again(event, before, states, library)
        yield done
        before = done.state if done.verdict is Verdict.AGREES else event.state
        states[done.seq] = before


def of_instance(
    session: orm.Session, instance: ProcessInstance, *, most: int | None = None
) -> Report:
    """Check the chain of a run and do it again, at `most` its last events; raises `Unreadable`."""
    broken = history.verify(session, instance)
    events = history.events_of(session, instance.id)
    try:
        recorded = [Recorded(orjson.loads(event.body), event.state) for event in events]
        library = _library(session, {UUID(i) for event in recorded for i in _versions(event)})
        after = 0 if most is None else len(recorded) - most
        return Report(broken, tuple(replay(recorded, library, after=after)), library)
    except (ValueError, KeyError, TypeError) as error:
        raise Unreadable(what=f"sự kiện: {error}") from error


def _versions(event: Recorded) -> list[str]:
    carried = event.facts["kind"] in {"migrate", "give_back"}
    return [event.facts["definition"], *([event.facts["from"]] if carried else [])]


def _library(session: orm.Session, identities: set[UUID]) -> Library:
    rows = session.execute(
        sa.select(
            Definition.id, Definition.xml_original, Definition.xml_normalised, Definition.specs
        ).where(Definition.id.in_(identities))
    )
    return Library({str(identity): Source(*parts) for identity, *parts in rows})


def _again(
    event: Recorded, before: bytes, states: Mapping[int, bytes], library: Library
) -> Replayed:
    facts = event.facts
    if facts["kind"] in UNMOVED:
        same = facts["state"] == sha256(before).hexdigest()
        return _told(event, *(_AGREES if same else (Verdict.DIFFERS, *_COMPARED["state"])))
    again = KINDS.get(facts["kind"])
    if again is None or not facts.get("seed"):
        return _told(event, Verdict.NOT_EXECUTABLE, *_NOT_EXECUTABLE)
    if part := library.altered(facts):
        vi = f"sơ đồ đã bị thay đổi sau khi chạy ({part})"
        return _told(event, Verdict.DIFFERS, vi, f"the diagram was changed since ({part})")
    program = library.program(facts["definition"])
    try:
        now = datetime.fromisoformat(facts["at"])
        with Chance(bytes.fromhex(facts["seed"])):
            step = again(Again(library, program, before, facts, now, states))
    except BudgetExceeded as error:  # a slower machine than the one that ran it says nothing
        return _told(event, Verdict.NOT_EXECUTABLE, error.text("vi"), error.text("en"))
    except Unreadable:
        raise
    except OfficeError as error:
        return _differs(event, error.text("vi"), error.text("en"))
    except (ValueError, KeyError, TypeError) as error:
        return _differs(event, *(text.format(error) for text in _IMPOSSIBLE))
    came = _outcome(step)
    for name, told in _COMPARED.items():
        if name in facts and facts[name] != came[name]:
            return replace(_differs(event, *told), executed=came["state"])
    return replace(_told(event, *_AGREES), state=step.state, executed=came["state"])


def _differs(event: Recorded, vi: str, en: str) -> Replayed:
    """Say that an event done again leads elsewhere; of another engine's that proves nothing."""
    ran = event.facts["program"]["engine"] if "program" in event.facts else engine_name()
    if ran == engine_name():
        return _told(event, Verdict.DIFFERS, vi, en)
    vi, en = f"ghi bởi phiên bản khác ({ran}): {vi}", f"recorded by another version ({ran}): {en}"
    return _told(event, Verdict.NOT_EXECUTABLE, vi, en)


_AGREES = (Verdict.AGREES, "", "")

_NOT_EXECUTABLE = (
    "ghi trước khi có hạt giống, chỉ kiểm tra được chuỗi băm",
    "recorded without a seed; only its chain can be checked",
)

_LEFT_OUT = (
    "chỉ thực hiện lại các sự kiện cuối; lệnh congvan replay thực hiện lại tất cả",
    "only the last events were done again; the command congvan replay does all",
)

_IMPOSSIBLE = ("không thực hiện lại được: {}", "it cannot be done again: {}")

#: what of an event must come out the same, the telling first
_COMPARED = {
    "passed": ("thực hiện lại thì đi đường khác", "done again, it goes another way"),
    "decisions": ("thực hiện lại thì cổng chọn khác", "done again, a gateway chooses otherwise"),
    "standing": ("thực hiện lại thì dừng ở bước khác", "done again, it stands elsewhere"),
    "state": ("thực hiện lại thì ra trạng thái khác", "done again, it leaves another state"),
}


def _outcome(step: Step) -> dict[str, Any]:
    return {
        "passed": step.passed,
        "decisions": orjson.loads(orjson.dumps(step.decisions)),
        "standing": step.standing,
        "state": sha256(step.state).hexdigest(),
    }


def _told(event: Recorded, verdict: Verdict, vi: str, en: str) -> Replayed:
    stored = sha256(event.state).hexdigest()
    return Replayed(event.facts, verdict, (vi, en), event.state, stored)
