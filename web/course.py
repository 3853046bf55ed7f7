"""What became of a document, step by step (quá trình xử lý): read from the chain of events."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any
from uuid import UUID

import orjson
import sqlalchemy as sa
from markupsafe import Markup

from engine.database import Transaction
from engine.definition import Definition
from engine.diagram import Model, model_of, read
from engine.history import Event
from engine.instance import ProcessInstance
from engine.work_item import ItemStatus, WorkItem
from processes import lineage, way
from records.change import ChangeKind
from records.document import Document
from records.organization import Role
from web import steered, words
from web.door import language
from web.steered import Named
from web.svg import render_diagram
from web.tongue import _

#: procedures beside the one that handles a document: they answer what its sender asks of it
ASIDE = frozenset(kind.procedure for kind in ChangeKind)


@dataclass(frozen=True, slots=True)
class Happening:
    """One event as it stands in its body."""

    seq: int
    kind: str
    node: str
    at: datetime
    name: str
    title: str
    on_behalf_of: UUID | None
    hash: bytes
    facts: dict[str, Any]

    @property
    def passed(self) -> list[str]:
        """Return the nodes the token left behind, the completed step first."""
        done = [self.node] if self.kind == "complete" else []
        return done + list(self.facts.get("passed") or ())

    @property
    def standing(self) -> list[str]:
        return list(self.facts.get("standing") or ())

    @property
    def outcome(self) -> dict[str, Any]:
        return dict(self.facts.get("outcome") or {})

    @property
    def is_return(self) -> bool:
        return self.outcome.get("outcome") == "return"

    @property
    def is_steering(self) -> bool:
        """Whether people did it to the run, instead of a step of it being done."""
        return self.kind in steered.KINDS

    @property
    def is_marked(self) -> bool:
        """Whether it stands out: what came back, and what people did to the run."""
        return self.is_return or self.is_steering


@dataclass
class Course:
    """One run of a procedure over a document."""

    instance: ProcessInstance
    definition: Definition
    happenings: Sequence[Happening]
    items: Sequence[WorkItem]
    named: Named = field(default_factory=Named)

    @cached_property
    def model(self) -> Model:
        """Return what the diagram of this run says."""
        return model_of(read(self.definition.xml_original))

    @cached_property
    def _models(self) -> dict[str, Model]:
        """Return the diagrams of this run by their versions, the present one first."""
        others = (v for v in self.named.versions.values() if v.id != self.definition.id)
        found = {str(self.definition.id): self.model}
        return found | {str(v.id): model_of(read(v.xml_original)) for v in others}

    def name_of(self, node: str) -> str:
        """Return the words of a step, of a former version where the present one has it not."""
        known = (model.nodes.get(node) for model in self._models.values())
        return next((n.name for n in known if n is not None and n.name), node)

    def version_at(self, upto: int | None) -> Definition:
        """Return the version the run stood on after an event."""
        carried = [one for one in self.happenings if "to" in one.facts and one.is_steering]
        for one in carried:
            if upto is not None and one.seq > upto:
                return self.named.versions.get(str(one.facts["from"]), self.definition)
        return self.definition

    def passed(self, upto: int | None = None) -> list[str]:
        """Return the nodes passed until an event, in order, each once."""
        return way.passed(self._moves(upto))

    def _moves(self, upto: int | None) -> list[way.Move]:
        """Return what was passed, under the names of the version after event `upto`."""
        now = self._names(upto)
        told = self.happenings if upto is None else self.happenings[:upto]
        return [(now(one, *one.passed), now(one, *one.standing)) for one in told]

    def _names(self, upto: int | None) -> Callable[..., list[str]]:
        """Return what tells how the version after `upto` calls nodes of an event, where it does."""
        told = self.happenings if upto is None else self.happenings[:upto]
        line = lineage.trace(
            ((one.seq, one.facts) for one in told if one.is_steering),
            lambda version: self._models[version].nodes,
        )

        def now(one: Happening, *nodes: str) -> list[str]:
            found = (line.place(node, one.seq) for node in nodes)
            return [node for node in found if node is not None]

        return now

    def draw(self, upto: int | None = None, *, compact: bool = False) -> Markup:
        """Draw the diagram as it stood after an event; now when none is named."""
        last = self.happenings[(upto or len(self.happenings)) - 1] if self.happenings else None
        active = frozenset(last.standing if last is not None else self.instance.standing)
        done = frozenset(self.passed(upto))
        return render_diagram(
            self.version_at(upto).xml_original,
            done,
            active,
            way.walked(self.version_at(upto).xml_original, self._moves(upto)),
            language(),
            bad=frozenset(
                node
                for h in self.happenings[: upto or None]
                if h.is_return
                for node in self._names(upto)(h, h.node)
            ),
            counts=self._counts(upto) if not compact else None,
            compact=compact,
        )

    def _counts(self, upto: int | None) -> dict[str, str]:
        """Return at which event each step was last passed."""
        now = self._names(upto)
        told = self.happenings if upto is None else self.happenings[:upto]
        return {node: str(one.seq) for one in told if one.node for node in now(one, one.node)}

    def steps(self) -> list[dict[str, str]]:
        """Return the steps as a list beside the drawing: done, standing, still to come."""
        active, done, now = set(self.instance.standing), set(self.passed()), self._names(None)
        told = (h for h in self.happenings if h.kind == "complete")
        who = {node: h.name for h in told for node in now(h, h.node)}
        shown = []
        for node in self.model.nodes.values():
            if not node.kind.lower().endswith("task"):
                continue
            state = "now" if node.id in active else "done" if node.id in done else ""
            shown.append({"name": node.name, "state": state, "who": who.get(node.id, "")})
        return shown

    def open_items(self) -> list[WorkItem]:
        """Return what waits now, most urgent first."""
        waiting = [i for i in self.items if i.status == ItemStatus.OPEN]
        return sorted(waiting, key=lambda i: i.due_at)

    def told(self, one: Happening) -> str:
        """Return an event as a sentence without its subject."""
        name = self.name_of(one.node) if one.node else ""
        match one.kind:
            case "start":
                return _("bắt đầu quy trình «%(name)s»", name=self.definition.name)
            case "complete":
                summary = str(one.outcome.get("summary") or "")
                if one.is_return:
                    text = _("trả lại tại bước «%(step)s»", step=name)
                else:
                    text = _("hoàn thành bước «%(step)s»", step=name)
                told = f"{text}: {summary}" if summary else text
                return "; ".join([told, *self._passed_on(one)])
            case "timer":
                node = self.model.nodes.get(one.node)
                step = self.name_of(node.attached_to) if node and node.attached_to else name
                return _("đến hạn bước «%(step)s»", step=step)
            case "incident":
                why = str(one.facts.get("reason") or "")
                return _(
                    "hệ thống chưa xử lý tiếp được tại «%(step)s»: %(why)s", step=name, why=why
                )
            case kind if kind in steered.KINDS:
                return steered.told(self, one)
            case _:
                return _("nhận thông báo «%(name)s»", name=one.node)

    def _passed_on(self, one: Happening) -> list[str]:
        """Return which steps went to the leaders because only their author was left."""
        return [
            _("bước «%(step)s» chuyển lãnh đạo cơ quan", step=node.name)
            for opened in one.facts.get("opened") or ()
            if (node := self.model.nodes.get(opened.get("node") or "")) is not None
            and node.exclude
            and node.role != Role.LEADER
            and any(g.startswith(f"role:{Role.LEADER}@") for g in opened.get("groups") or ())
        ]

    def who(self, one: Happening) -> str:
        """Return who did it, in which position."""
        return ", ".join(part for part in (one.name or _("Hệ thống"), one.title) if part)

    def timeline(self, now: datetime) -> list[dict[str, Any]]:
        """Return the events as a list, newest first."""
        return [
            {
                "who": one.name or _("Hệ thống"),
                "text": self.told(one),
                "when": words.moment(one.at, now),
                "at": words.iso(one.at),
                "state": _state(one, one is self.happenings[-1]),
            }
            for one in reversed(self.happenings)
        ]


def _state(one: Happening, is_last: bool) -> str:
    if one.is_return:
        return "bad"
    if one.is_steering:
        return "steered"
    return "now" if is_last else ""


def courses_of(tx: Transaction, document: Document) -> list[Course]:
    """Return the runs of procedures over a document, newest first."""
    rows = tx.rows(
        sa.select(ProcessInstance, Definition)
        .join(Definition, Definition.id == ProcessInstance.definition_id)
        .where(ProcessInstance.subject_id == document.id)
        .order_by(ProcessInstance.id.desc())
    )
    found = []
    for instance, definition in rows:
        events = tx.scalars(
            sa.select(Event).where(Event.instance_id == instance.id).order_by(Event.seq)
        )
        items = tx.scalars(
            sa.select(WorkItem)
            .where(WorkItem.instance_id == instance.id)
            .order_by(WorkItem.opened_at, WorkItem.id)
        )
        told = [happening(e) for e in events]
        found.append(Course(instance, definition, told, items, steered.named(tx, told)))
    return found


def handling(courses: Sequence[Course]) -> Course | None:
    """Return the run that handles a document, not one that answers what its sender asks."""
    own = (c for c in courses if c.definition.key not in ASIDE)
    return next(own, next(iter(courses), None))


def happening(event: Event) -> Happening:
    """Return an event as it stands in its body."""
    body = orjson.loads(event.body)
    return Happening(
        seq=event.seq,
        kind=event.kind,
        node=event.node_id,
        at=event.at,
        name=body.get("name") or "",
        title=body.get("title") or "",
        on_behalf_of=event.on_behalf_of,
        hash=event.hash,
        facts=body,
    )
