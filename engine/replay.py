"""Doing a history again (phát lại): every command repeated from what its event recorded.

Nothing but the events and the published diagrams is read. A command that is repeated draws from the
recorded seed at the recorded moment, so the state it leaves must be the stored one byte for byte,
and the ways it went the recorded ones.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from hashlib import sha256
from typing import Any
from uuid import UUID

import orjson
import sqlalchemy as sa
from sqlalchemy import orm

from engine import history, machine
from engine import program as programs
from engine.chance import Chance
from engine.definition import Definition
from engine.errors import OfficeError
from engine.history import Broken
from engine.instance import ProcessInstance
from engine.machine import BudgetExceeded, Step
from engine.program import Program

#: repeats one kind of command: the program, the state before, the facts of the event, its moment
Again = Callable[[Program, bytes, Mapping[str, Any], datetime], Step]

#: the kinds of event that can be done again
KINDS: dict[str, Again] = {
    "start": lambda program, _state, facts, now: machine.start(program, facts["variables"], now),
    "complete": lambda program, state, facts, now: machine.complete(
        program, state, UUID(facts["item"]), facts["variables"], now
    ),
    "timer": lambda program, state, facts, now: machine.fire(
        program, state, UUID(facts["token"]), now
    ),
    "message": lambda program, state, facts, now: machine.deliver(
        program, state, "message", facts["node"], facts["payload"], now
    ),
    "signal": lambda program, state, facts, now: machine.deliver(
        program, state, "signal", facts["node"], facts["payload"], now
    ),
    "cancel": lambda program, state, _facts, now: machine.cancel(program, state, now),
}


class Unreadable(OfficeError):
    """What a replay needs cannot be read (không đọc được dữ liệu để phát lại)."""

    code = "replay-unreadable"
    vi = (
        "Không đọc được dữ liệu để phát lại ({what}). Khôi phục dữ liệu từ bản sao lưu rồi chạy "
        "lại lệnh."
    )
    en = "What the replay needs cannot be read ({what}). Restore it from a backup and try again."


class Verdict(StrEnum):
    """What doing an event again showed."""

    AGREES = "agrees"
    DIFFERS = "differs"
    #: recorded before seeds were, or by a kind of command that is not repeated: chain only
    NOT_EXECUTABLE = "not_executable"


@dataclass(frozen=True, slots=True)
class Recorded:
    """An event as it was chained, and the state stored with it."""

    facts: Mapping[str, Any]
    state: bytes


@dataclass(frozen=True, slots=True)
class Replayed:
    """An event done again: what it showed, in words where it differs, and the state after it."""

    seq: int
    kind: str
    node: str
    verdict: Verdict
    reason: tuple[str, str]
    state: bytes
    standing: tuple[str, ...]


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

    @property
    def differing(self) -> Replayed | None:
        """The first event that, done again, leads elsewhere."""
        return next((e for e in self.events if e.verdict is Verdict.DIFFERS), None)

    @property
    def holds(self) -> bool:
        """Whether the chain, the stored states and all that could be done again agree."""
        return self.broken is None and self.differing is None


def replay(events: Iterable[Recorded], library: Library) -> Iterator[Replayed]:
    """Do each event again on the state its forerunner led to, and compare.

    After one that differs, or cannot be done again, the stored state is gone on from, so that every
    event is judged by itself.
    """
    state = b""
    for event in events:
        done = _again(event, state, library)
        yield done
        state = done.state if done.verdict is Verdict.AGREES else event.state


def of_instance(session: orm.Session, instance: ProcessInstance) -> Report:
    """Check the chain of a run and do it again; raises `Unreadable`."""
    broken = history.verify(session, instance)
    events = history.events_of(session, instance.id)
    try:
        recorded = [Recorded(orjson.loads(event.body), event.state) for event in events]
        library = _library(session, {UUID(event.facts["definition"]) for event in recorded})
        return Report(broken, tuple(replay(recorded, library)))
    except (ValueError, KeyError, TypeError) as error:
        raise Unreadable(what=f"sự kiện: {error}") from error


def _library(session: orm.Session, identities: set[UUID]) -> Library:
    rows = session.execute(
        sa.select(
            Definition.id, Definition.xml_original, Definition.xml_normalised, Definition.specs
        ).where(Definition.id.in_(identities))
    )
    return Library({str(identity): Source(*parts) for identity, *parts in rows})


def _again(event: Recorded, before: bytes, library: Library) -> Replayed:
    facts = event.facts
    again = KINDS.get(facts["kind"])
    if again is None or not facts.get("seed"):
        return _told(event, Verdict.NOT_EXECUTABLE, *_NOT_EXECUTABLE)
    if part := library.altered(facts):
        vi = f"sơ đồ đã bị thay đổi sau khi chạy ({part})"
        return _told(event, Verdict.DIFFERS, vi, f"the diagram was changed since ({part})")
    program = library.program(facts["definition"])
    try:
        with Chance(bytes.fromhex(facts["seed"])):
            step = again(program, before, facts, datetime.fromisoformat(facts["at"]))
    except BudgetExceeded as error:  # a slower machine than the one that ran it says nothing
        return _told(event, Verdict.NOT_EXECUTABLE, error.text("vi"), error.text("en"))
    except OfficeError as error:
        return _told(event, Verdict.DIFFERS, error.text("vi"), error.text("en"))
    except (ValueError, KeyError, TypeError) as error:
        return _told(event, Verdict.DIFFERS, *(text.format(error) for text in _IMPOSSIBLE))
    for name, (vi, en) in _COMPARED.items():
        if name in facts and facts[name] != _outcome(step)[name]:
            return _told(event, Verdict.DIFFERS, vi, en)
    return Replayed(
        facts["seq"], facts["kind"], facts["node"], Verdict.AGREES, ("", ""), step.state,
        tuple(step.standing),
    )  # fmt: skip


_NOT_EXECUTABLE = (
    "ghi trước khi có hạt giống, chỉ kiểm tra được chuỗi băm",
    "recorded without a seed; only its chain can be checked",
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
    facts = event.facts
    return Replayed(
        facts["seq"], facts["kind"], facts["node"], verdict, (vi, en), event.state,
        tuple(facts.get("standing") or ()),
    )  # fmt: skip
