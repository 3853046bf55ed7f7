"""Runs of every shape to carry over, and what all tables say of each of them.

`make_crowd` begins them, `redrawn` is the version they go to, `Watch` looks at them as often as
somebody dies and knows each by what it ever was: wholly old, then wholly new, never anything else.
"""

from dataclasses import dataclass, field
from uuid import UUID

from story import Story, letter_values

from engine import history, replay
from engine.definition import Definition
from engine.instance import InstanceStatus, ProcessInstance
from engine.work_item import ItemStatus
from processes import migration, procedures, unsent, work_items
from processes.migration import MigrateRuns, Migration, MigrationStatus
from processes.outgoing.begin import begin
from processes.procedures import PublishProcedure
from processes.steering import Steer, SteerRun, steer
from processes.work_items import CompleteItem

ADMIN, LEADER, OFFICER = "quantri.stttt", "giamdoc.stttt", "chuyenvien.stttt"
WHY = "Theo quy chế mới"
#: what becomes of the runs in turn: they wait in a draft, half typed or not, at three opinions at
#: once, at the approval, or are held
SHAPES = ("draft", "typed", "comment", "approve", "draft", "held")

_AFTER_DRAFT = '<bpmn:exclusiveGateway id="consult"'
#: a clock at the edge of the first step
_CLOCK = """<bpmn:boundaryEvent id="{0}" name="Nhắc" attachedToRef="draft" cancelActivity="false">
<bpmn:outgoing>f.{0}</bpmn:outgoing><bpmn:timerEventDefinition id="{0}.timer"><bpmn:timeDuration
 xsi:type="bpmn:tFormalExpression">P{1}D</bpmn:timeDuration></bpmn:timerEventDefinition>
</bpmn:boundaryEvent><bpmn:endEvent id="{0}.end"><bpmn:incoming>f.{0}</bpmn:incoming>
</bpmn:endEvent><bpmn:sequenceFlow id="f.{0}" sourceRef="{0}" targetRef="{0}.end"/>"""
#: steps that stand in the new version under another id
_RENAMED = ("draft", "comment", "approve")


def _drawn(*clocks: str) -> str:
    xml = procedures.shipped_xml("outgoing").decode()
    assert _AFTER_DRAFT in xml
    return xml.replace(_AFTER_DRAFT, "".join(clocks) + _AFTER_DRAFT)


def drawing() -> bytes:
    """The version they begin on: the shipped one with a clock beside the draft."""
    return _drawn(_CLOCK.format("nudge", 3)).encode()


def redrawn() -> bytes:
    """The version they go to: other ids, the clock under another one, and one clock more."""
    second = _CLOCK.format("hint", 9).replace("Nhắc", "Nhắc lần hai")
    xml = _drawn(_CLOCK.format("nudge2", 3), second)
    for step in _RENAMED:
        for before, after in ((f'"{step}"', f'"{step}2"'), (f">{step}<", f">{step}2<")):
            xml = xml.replace(before, after)
        xml = xml.replace(f'congvan:verb="{step}2"', f'congvan:verb="{step}"')
    return xml.encode()


def publish(story: Story, xml: bytes) -> Definition:
    with story.as_(ADMIN) as tx:
        made = procedures.publish(tx, PublishProcedure("outgoing", xml, WHY))
    assert isinstance(made, Definition)
    return made


def make_crowd(story: Story, count: int) -> dict[UUID, str]:
    """Begin so many runs on the old version; return the shape of each."""
    publish(story, drawing())
    author = story.login(OFFICER)
    rooms = [story.unit("STTTT", symbol) for symbol in ("TTBC", "VP")]
    found = {}
    for n in range(count):
        shape = SHAPES[n % len(SHAPES)]
        with story.office.database.transaction(author) as tx:
            _, begun = begin(tx, story.means)
            item, run = begun.opened[0], begun.instance.id
        if shape == "typed":
            with story.office.database.transaction(author) as tx:
                form = work_items.form_of(tx, item)
                unsent.keep(tx, item, form, {"subject": f"đang gõ dở {n}"}, [])
        if shape in {"comment", "approve"}:
            values = letter_values(story, cooperating_units=rooms if shape == "comment" else [])
            with story.office.database.transaction(author) as tx:
                work_items.complete(tx, story.means, CompleteItem(item.id, item.version, values))
        if shape == "held":
            with story.as_(LEADER) as tx:
                steer(tx, story.means, SteerRun(run, Steer.SUSPEND, "chờ"))
        found[run] = shape
    return found


def begin_migration(story: Story, number: int) -> Migration:
    with story.as_(ADMIN) as tx:
        made = migration.migrate(tx, story.means, MigrateRuns("outgoing", number, WHY, {}))
    assert isinstance(made, Migration)
    return made


#: every table that says something of a run, by its run
_OF_A_RUN = {
    "process_instance": "SELECT id, t::text FROM process_instance t",
    "work_item": "SELECT instance_id, t::text FROM work_item t",
    "candidate": "SELECT i.instance_id, t::text FROM candidate t"
    " JOIN work_item i ON i.id = t.work_item_id",
    "subscription": "SELECT instance_id, t::text FROM subscription t",
    "unsent_form": "SELECT i.instance_id, t::text FROM unsent_form t"
    " JOIN work_item i ON i.id = t.item_id",
    "event": "SELECT instance_id, t::text FROM event t",
    "migration_run": "SELECT instance_id, t::text FROM migration_run t",
}


_SAID_OTHERWISE = """SELECT r.instance_id, r.status FROM migration_run r
JOIN migration m ON m.id = r.migration_id JOIN process_instance p ON p.id = r.instance_id
WHERE p.id = ANY(%s) AND (r.status = 'carried') <> (p.definition_id = m.definition_id)"""


def fingerprints(story: Story) -> dict[UUID, dict[str, str]]:
    """What every table says of each run."""
    parts = [
        f"SELECT run, '{name}', md5(string_agg(said, '|' ORDER BY said))"
        f" FROM ({rows}) x (run, said) GROUP BY run"
        for name, rows in _OF_A_RUN.items()
    ]
    found: dict[UUID, dict[str, str]] = {}
    for run, table, said in story.rows(" UNION ALL ".join(parts)):
        found.setdefault(run, {})[table] = said
    return found


@dataclass
class Watch:
    """Looks at runs while workers die: what each was, in order."""

    story: Story
    runs: dict[UUID, str]
    was: dict[UUID, list[dict[str, str]]] = field(default_factory=dict)

    def look(self) -> int:
        """Note what each run is now; return how many are no more what they were at first.

        Whatever is seen third was torn: a run is what it was before, then what it is after. And
        the migration says of none that it went over while it did not, or the other way round.
        """
        assert self.story.rows(_SAID_OTHERWISE, list(self.runs)) == []
        seen = fingerprints(self.story)
        for run in self.runs:
            known = self.was.setdefault(run, [])
            if not known or known[-1] != seen[run]:
                known.append(seen[run])
        torn = {run: self.runs[run] for run, known in self.was.items() if len(known) > 2}
        assert not torn, torn
        return sum(len(known) == 2 for known in self.was.values())

    def ensure_right(self, made: Migration, new: Definition) -> None:
        """Every run that could go is on the new version, once, with all it had; the report agrees."""
        story = self.story
        stays = {run for run, shape in self.runs.items() if shape == "held"}
        with story.as_(ADMIN) as tx:
            told = migration.outcome(tx, made.id)
        assert told.migration.status == MigrationStatus.DONE
        assert told.counts == {"carried": len(self.runs) - len(stays), "refused": len(stays)}
        assert {r.instance_id for r in told.refused} == stays
        assert all("tạm dừng" in r.vi for r in told.refused)
        with story.office.database.session() as session:
            for run in self.runs:
                instance = session.get_one(ProcessInstance, run)
                kinds = [e.kind for e in history.events_of(session, run)]
                assert history.verify(session, instance) is None
                assert kinds.count("migrate") == (run not in stays), kinds
                if run in stays:
                    assert self.changed(run) == {"migration_run"}
                    assert instance.status == InstanceStatus.SUSPENDED
                    continue
                assert instance.definition_id == new.id
                assert "unsent_form" not in self.changed(run)
            for run in {shape: run for run, shape in self.runs.items()}.values():
                assert replay.of_instance(session, session.get_one(ProcessInstance, run)).holds
        self._ensure_rows()

    def changed(self, run: UUID) -> set[str]:
        """The tables that say something else of a run than at first."""
        first, last = self.was[run][0], self.was[run][-1]
        return {t for t in first.keys() | last.keys() if first.get(t) != last.get(t)}

    def _ensure_rows(self) -> None:
        """Items, candidates and clocks of each run say where its shape stands."""
        for run, items, offered, clocks in self.story.rows(
            "SELECT p.id,"
            " array(SELECT node_id FROM work_item WHERE instance_id = p.id AND status = %s),"
            " array(SELECT c.group_key FROM candidate c JOIN work_item i ON i.id = c.work_item_id"
            " WHERE i.instance_id = p.id),"
            " array(SELECT node_id FROM subscription WHERE instance_id = p.id ORDER BY node_id)"
            " FROM process_instance p WHERE p.id = ANY(%s)",
            ItemStatus.OPEN.value,
            list(self.runs),
        ):
            shape = self.runs[run]
            if shape == "held":
                assert (items, offered, clocks) == (["draft"], [], ["nudge"])
                continue
            where = f"{shape if shape in _RENAMED else 'draft'}2"
            assert items == [where] * (2 if shape == "comment" else 1)
            assert len(offered) == len(items)
            assert clocks == (["hint", "nudge2"] if where == "draft2" else [])
