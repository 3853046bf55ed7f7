"""A run done again (phát lại lần chạy) for those who may know: where it stood, if all agrees."""

import dataclasses
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import orm

from engine import replay
from engine.database import Transaction
from engine.errors import Named, NotFound
from engine.instance import ProcessInstance
from engine.replay import Replayed, Report
from processes import attestation
from processes.history import read_instance
from records import journal
from records.organization import Officer, Unit


@dataclass(frozen=True, slots=True)
class Replay:
    """A run done again, seen after one of its events."""

    instance: ProcessInstance
    report: Report
    after: Replayed
    #: the officers and units to whom steps were given over, by their group
    people: Mapping[str, str]

    @property
    def standing(self) -> list[tuple[str, str]]:
        """The steps where the run stood then: node and name."""
        return [(node, self.report.name_of(self.after, node)) for node in self.after.standing]


def report_of(
    session: orm.Session, instance: ProcessInstance, *, most: int | None = None
) -> Report:
    """Do a run again, `most` its last events, and ask the journal for events that are gone.

    `session` reads the run's agency. Raises `engine.replay.Unreadable`.
    """
    report = replay.of_instance(session, instance, most=most)
    if report.broken is not None:
        return report
    return dataclasses.replace(report, broken=attestation.lost_of(session, instance))


def look(session: orm.Session, instance_id: UUID, at: int | None = None) -> Replay:
    """Do a run again and see it after event `at`, its last one unless told.

    `session` reads the run's agency. Raises `NotFound`, `engine.replay.Unreadable`.
    """
    instance = session.get(ProcessInstance, instance_id)
    if instance is None:
        raise no_run(instance_id)
    report = report_of(session, instance)
    seq = len(report.events) if at is None else at
    if not 1 <= seq <= len(report.events):
        words = (f"sự kiện số {seq} của lần chạy", f"event {seq} of the run")
        raise NotFound(what=Named("event", words))
    people = people_of(session, (event.facts for event in report.events))
    return Replay(instance, report, report.events[seq - 1], people)


def no_run(instance_id: UUID) -> NotFound:
    """Return the refusal where no run has this number, in both languages."""
    vi, en = ProcessInstance.called
    words = (f"{vi} {instance_id}", f"{en} {instance_id}")
    return NotFound(what=Named("process_instance", words))


def people_of(session: orm.Session, acts: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """Return the names of the officers and units to whom steps were given over, by their group."""
    given = {group for facts in acts if facts["kind"] == "reassign" for group in facts["groups"]}
    named: dict[str, str] = {}
    for word, entity, name in (
        ("officer", Officer, Officer.full_name), ("unit", Unit, Unit.name),
    ):  # fmt: skip
        # of a unit those in one role may be meant: `role:<role>@<unit>`
        starts = (f"{word}:", "role:") if entity is Unit else (f"{word}:",)
        keys = {g: UUID(re.split("[:@]", g)[-1]) for g in given if g.startswith(starts)}
        if keys:
            asked = sa.select(entity.id, name).where(entity.id.in_(keys.values()))
            for key, text in session.execute(asked):
                named |= {g: text for g, meant in keys.items() if meant == key}
    return named


def tell(tx: Transaction, session: orm.Session, instance_id: UUID, at: int | None) -> Replay:
    """Do a run again for somebody who may know its history, and note that he asked.

    Raises `NotFound`, `NoRight`, `engine.replay.Unreadable`.
    """
    read_instance(tx, instance_id)
    found = look(session, instance_id, at)
    journal.record(
        tx, "replay", "process_instance", instance_id, at=found.after.seq, holds=found.report.holds
    )
    return found


def to_json(found: Replay) -> dict[str, Any]:
    """Return what doing it again showed, as JSON values."""
    report, broken = found.report, found.report.broken
    return {
        "instance": str(found.instance.id),
        "holds": report.holds,
        "verification": {
            "holds": broken is None,
            "broken_at": broken.seq if broken else None,
            "reason": broken.reason if broken else "",
        },
        "differs_at": report.differing.seq if report.differing else None,
        "after": {
            "seq": found.after.seq,
            "standing": [{"node": node, "name": name} for node, name in found.standing],
            "state": found.after.state.decode(),
        },
        "items": [_line(event) for event in report.events],
    }


def _line(event: Replayed) -> dict[str, Any]:
    vi, en = event.reason
    return {
        "seq": event.seq,
        "kind": event.facts["kind"],
        "node": event.facts["node"],
        "at": event.facts["at"],
        "decisions": event.facts.get("decisions") or [],
        "verdict": event.verdict.value,
        "reason_vi": vi,
        "reason_en": en,
        "recorded": event.recorded,
        "stored": event.stored,
        "executed": event.executed,
    }
