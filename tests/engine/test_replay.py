"""Histories done again: from what the events recorded and the diagrams' bytes, to the same bytes."""

import contextlib
import json
import os
import random
import re
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, get_type_hints
from uuid import UUID

import orjson
import plain_office as office
import pytest
import sqlalchemy as sa
from bpmn_drawing import Drawing, each, event, line, timer, two_node_loop
from conformance import ROWS, RULES, decided, table
from token_runs import NOW, hours, prepared

from engine import history, machine, migration, moves, program, replay, runtime
from engine.chance import Chance, token_id
from engine.database import Database
from engine.definition import Definition
from engine.failure import StepFailed
from engine.instance import InstanceStatus, ProcessInstance
from engine.replay import Library, Recorded, Source, Verdict
from engine.state import VariablesRefused
from engine.subscription import Subscription

PROCESSES = Path(__file__).parents[2] / "processes"
SEED = int(os.environ.get("REPLAY_SEED", "188"))

_LITERAL = re.compile(r"outcome\s*!?=\s*(?:&quot;|\")([a-z_-]+)")
_LIST = re.compile(r'collection="=?\s*([A-Za-z_]+)"')


def gateways() -> bytes:
    """A choice, an inclusive one, a loop back: what an event says of decisions."""
    drawing = Drawing().start().user("a", "b", "c", "d").xor("x", "back").some("o", "none").end()
    drawing.some("j").chain("s", "a", "x").flow("x", "o", "n > 1").flow("x", "a", identity="back")
    drawing.flow("o", "b", "n > 2").flow("o", "c", "n > 3").flow("o", "d", identity="none")
    return drawing.chain("b", "j").chain("c", "j").chain("d", "j").chain("j", "e").xml()


def nested() -> bytes:
    """A sub-process for each of a list, with a clock on the step inside."""
    inside = Drawing("i").start("is").user("iu").end("ie").chain("is", "iu", "ie")
    inside.user("il").end("iq").chain("it", "il", "iq")
    inside.boundary("it", "iu", timer("Cycle", "R3/PT1H"), interrupting=False)
    return Drawing().start().sub("m", inside, each("xs", "x")).end().chain("s", "m", "e").xml()


DIAGRAMS: dict[str, Callable[[], bytes]] = {
    "incoming": (PROCESSES / "incoming/incoming.bpmn").read_bytes,
    "outgoing": (PROCESSES / "outgoing/outgoing.bpmn").read_bytes,
    "loop": office.loop,
    "busy": office.busy,
    "gateways": gateways,
    "nested": nested,
    "two nodes": two_node_loop,
    "line": lambda: line("a", "b").xml(),
    "event": lambda: (
        Drawing().start().user("a").boundary("m", "a", event("message", messageRef="M"))
        .user("b").end().end("e2").chain("s", "a", "e").chain("m", "b", "e2")
        .xml('<bpmn:message id="M" name="word"/>')
    ),
    **{f"element: {row.name}": lambda row=row: row.xml for row in ROWS if not row.refused},
}  # fmt: skip
VARIABLES = {f"element: {row.name}": row.variables for row in ROWS}


@dataclass
class Told:
    """A run's events and the bytes of its diagram, as a replay takes them."""

    events: list[Recorded]
    library: Library

    def replayed(self) -> list[replay.Replayed]:
        return list(replay.replay(self.events, self.library))


def told(database: Database, instance_id: UUID) -> Told:
    with database.session() as session:
        events = [
            Recorded(orjson.loads(e.body), e.state) for e in history.events_of(session, instance_id)
        ]
        one = session.get_one(Definition, UUID(events[0].facts["definition"]))
        source = Source(one.xml_original, one.xml_normalised, one.specs)
        return Told(events, Library({str(one.id): source}))


def played(database: Database, xml: bytes, seed: int, **variables: Any) -> UUID:
    """Run a diagram through the rows by random choices: steps, clocks, messages, an end by force."""
    chance = random.Random(seed)
    agency = office.agency(database)
    office.publish(database, agency, xml)
    outcomes = sorted({*_LITERAL.findall(xml.decode()), "ok"})
    lists: dict[str, Any] = {name: ["x1", "x2"] for name in _LIST.findall(xml.decode())}
    lists["deadline"] = (NOW + hours(72)).isoformat()
    lists |= variables
    instance = office.start(database, agency, **lists).instance.id
    for _ in range(25):
        # What cannot go on with these variables is refused and leaves everything as it was.
        with (
            contextlib.suppress(StepFailed, VariablesRefused),
            database.transaction(office.acting(agency)) as tx,
        ):
            run = tx.get(ProcessInstance, instance)
            items = [i.id for i in tx.scalars(_open(instance))]
            waiting = tx.scalars(
                sa.select(Subscription).where(Subscription.instance_id == instance)
            )
            if run.status != InstanceStatus.RUNNING or not [*items, *waiting]:
                break
            choice = chance.choice([*items, *waiting])
            if isinstance(choice, Subscription) and choice.kind == "timer":
                runtime.fire(tx, office.DESK, choice, run)
            elif isinstance(choice, Subscription):
                runtime.deliver(
                    tx, office.DESK, instance, choice.kind, choice.name, {"z": 1, "a": 2}
                )
            else:
                item, run = runtime.find(tx, choice)
                chosen = {
                    "outcome": chance.choice(outcomes), "n": chance.randrange(5),
                    "again": chance.random() < 0.6, "b": {"z": 1.0, "a": True}, **lists,
                }  # fmt: skip
                runtime.complete(tx, office.DESK, item, run, variables=chosen, outcome={})
    else:
        with database.transaction(office.acting(agency)) as tx:
            run = tx.get(ProcessInstance, instance, lock=True)
            if run.status == InstanceStatus.RUNNING:
                runtime.cancel(tx, office.DESK, run, {"reason": "hết giờ"})
    return instance


def _open(instance_id: UUID) -> Any:
    item = runtime.WorkItem
    return sa.select(item).where(item.instance_id == instance_id, item.status == "open")


@pytest.fixture(scope="module")
def kept() -> dict[str, Told]:
    return {}


@pytest.fixture
def run_of(database: Database, kept: dict[str, Told]) -> Callable[[str], Told]:
    """Return a diagram's run, played once."""

    def find(name: str) -> Told:
        if name not in kept:
            xml, variables = DIAGRAMS[name](), VARIABLES.get(name, {})
            kept[name] = told(database, played(database, xml, SEED, **variables))
        return kept[name]

    return find


@pytest.mark.parametrize("name", DIAGRAMS)
def test_done_again_it_is_the_same_to_the_byte(name: str, run_of: Callable[[str], Told]) -> None:
    run = run_of(name)
    done = run.replayed()
    agreed = [(Verdict.AGREES, ("", ""))] * len(run.events)
    assert [(d.verdict, d.reason) for d in done] == agreed, f"REPLAY_SEED={SEED}"
    assert [d.state for d in done] == [e.state for e in run.events]
    assert done[0].facts["kind"] == "start"


@pytest.mark.parametrize("name", DIAGRAMS)
def test_with_another_seed_it_is_not(name: str, run_of: Callable[[str], Told]) -> None:
    run = run_of(name)
    first = Recorded({**run.events[0].facts, "seed": "00" * 16}, run.events[0].state)
    done = Told([first, *run.events[1:]], run.library).replayed()
    assert done[0].verdict is Verdict.DIFFERS
    assert "trạng thái khác" in done[0].reason[0]
    # What follows is judged by itself, on the state that was stored.
    assert {d.verdict for d in done[1:]} == {Verdict.AGREES}


CHANGED = {
    "variables": {"outcome": "forged"},
    "at": "2031-01-01T00:00:00+00:00",
    "item": "00000000-0000-4000-8000-000000000000",
    "passed": ["nowhere"],
    "standing": ["nowhere"],
    "seed": "11" * 16,
}


@pytest.mark.parametrize("fact", CHANGED)
def test_a_changed_input_is_named_at_its_event(fact: str, run_of: Callable[[str], Told]) -> None:
    run = run_of("gateways")
    place = next(i for i, e in enumerate(run.events) if e.facts["kind"] == "complete")
    forged = list(run.events)
    forged[place] = replace(forged[place], facts={**forged[place].facts, fact: CHANGED[fact]})
    done = Told(forged, run.library).replayed()
    assert [d.seq for d in done if d.verdict is Verdict.DIFFERS] == [place + 1]


def test_what_another_engine_did_otherwise_is_not_called_changed(
    run_of: Callable[[str], Told],
) -> None:
    run = run_of("gateways")
    place = next(i for i, e in enumerate(run.events) if e.facts["kind"] == "complete")
    facts = run.events[place].facts
    older = {**facts, "program": {**facts["program"], "engine": "congvan 0.0.1"}}
    other = list(run.events)
    other[place] = replace(other[place], facts=older)
    assert {d.verdict for d in Told(other, run.library).replayed()} == {Verdict.AGREES}
    other[place] = replace(other[place], facts={**older, "seed": "22" * 16})
    done = Told(other, run.library).replayed()
    assert done[place].verdict is Verdict.NOT_EXECUTABLE
    assert "congvan 0.0.1" in done[place].reason[0]


def test_another_diagram_is_named(run_of: Callable[[str], Told]) -> None:
    run = run_of("line")
    [(identity, source)] = run.library.sources.items()
    for part in ("original", "normalised", "specs"):
        other = Library({identity: replace(source, **{part: getattr(source, part) + b" "})})
        [first, *_] = Told(run.events, other).replayed()
        assert first.verdict is Verdict.DIFFERS
        assert "sơ đồ đã bị thay đổi" in first.reason[0]


def test_another_process_with_other_hashes_does_the_same(
    run_of: Callable[[str], Told], tmp_path: Path
) -> None:
    """Nothing hangs on the order of a set, which another `PYTHONHASHSEED` changes."""
    run = run_of("incoming")
    [(identity, source)] = run.library.sources.items()
    file = tmp_path / "run.json"
    file.write_text(
        json.dumps(
            {
                "id": identity,
                "source": [source.original.hex(), source.normalised.hex(), source.specs.hex()],
                "events": [[dict(e.facts), e.state.hex()] for e in run.events],
            }
        )
    )
    told = subprocess.run(
        [sys.executable, "-c", _ELSEWHERE, str(file)],
        env={**os.environ, "PYTHONHASHSEED": "7"}, cwd=PROCESSES.parent,
        capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    assert told.stdout.split() == ["agrees"] * len(run.events)


_ELSEWHERE = """
import json, sys
from engine.replay import Library, Recorded, Source, replay
run = json.load(open(sys.argv[1]))
library = Library({run["id"]: Source(*map(bytes.fromhex, run["source"]))})
events = [Recorded(facts, bytes.fromhex(state)) for facts, state in run["events"]]
print(*(done.verdict for done in replay(events, library)))
"""


# what an event says -------------------------------------------------------------------------------


def test_an_event_says_how_its_gateways_chose(database: Database) -> None:
    agency = office.agency(database)
    office.publish(database, agency, gateways())
    begun = office.start(database, agency)
    instance = begun.instance.id
    [a] = begun.opened
    office.complete(database, agency, a.id, n=3)
    decisions = told(database, instance).events[-1].facts["decisions"]
    assert decisions[0] == {
        "node": "x", "asked": [{"expression": "n > 1", "value": True}], "took": ["o"],
    }  # fmt: skip
    asked = [(a["expression"], a["value"]) for a in decisions[1]["asked"]]
    assert decisions[1]["node"] == "o"
    assert dict(asked) == {"n > 2": True, "n > 3": False}
    assert decisions[1]["took"] == ["b"]


def test_an_event_says_what_a_decision_table_gave(database: Database) -> None:
    agency = office.agency(database)
    office.publish(database, agency, decided(table(RULES)))
    begun = office.start(database, agency, urgency="khẩn", pages=3)
    [limit, way] = told(database, begun.instance.id).events[0].facts["decisions"]
    assert limit == {"node": "x", "asked": [{"expression": "days", "value": 2}], "took": ["g"]}
    assert (way["node"], way["took"]) == ("g", ["short"])


def test_every_command_draws_from_its_seed() -> None:
    """One that drew from elsewhere could not be done again."""
    commands = [
        function
        for module in (machine, migration, moves)
        for name, function in vars(module).items()
        if not name.startswith("_")
        and getattr(function, "__module__", "") == module.__name__
        and get_type_hints(function).get("return") in {machine.Step, migration.Migrated}
        and name not in {"look", "run_on", "outcome_of"}  # no commands, but parts of them
    ]
    assert len(commands) == 8, [f.__name__ for f in commands]
    assert [f.__name__ for f in commands if not hasattr(f, "__wrapped__")] == []


def test_an_event_says_what_ran(database: Database) -> None:
    agency = office.agency(database)
    office.publish(database, agency, office.busy())
    begun = office.start(database, agency)
    run = told(database, begun.instance.id)
    [(_, source)] = run.library.sources.items()
    facts = run.events[0].facts
    assert facts["program"] == {**source.digests(), "engine": facts["program"]["engine"]}
    assert "SpiffWorkflow 3.2.0" in facts["program"]["engine"]
    assert len(bytes.fromhex(facts["seed"])) == 16


def test_before_there_were_seeds_only_the_chain_is_checked(run_of: Callable[[str], Told]) -> None:
    run = run_of("loop")
    old = [
        Recorded(
            {k: v for k, v in e.facts.items() if k not in {"seed", "decisions", "program"}}, e.state
        )
        for e in run.events[:1]
    ]
    done = Told([*old, *run.events[1:]], run.library).replayed()
    assert [d.verdict for d in done[:1]] == [Verdict.NOT_EXECUTABLE]
    assert {d.verdict for d in done[1:]} == {Verdict.AGREES}


def test_a_run_is_checked_as_it_stands_in_the_database(database: Database) -> None:
    instance = played(database, gateways(), SEED + 1)
    with database.session() as session:
        run = session.get_one(ProcessInstance, instance)
        report = replay.of_instance(session, run)
        part = replay.of_instance(session, run, most=1)
    assert report.holds
    assert {e.verdict for e in report.events} == {Verdict.AGREES}
    assert [e.verdict for e in part.events] == [
        *[Verdict.NOT_EXECUTABLE] * (len(report.events) - 1), Verdict.AGREES,
    ]  # fmt: skip
    assert "các sự kiện cuối" in part.events[0].reason[0]


# chance and clock of a command --------------------------------------------------------------------


def test_threads_do_not_mix_their_draws() -> None:
    built = program.restore(prepared(office.busy()).specs)
    expected, found = {}, {}

    def play(seed: bytes, into: dict[bytes, list[bytes]]) -> None:
        with Chance(seed):
            step = machine.start(built, {"xs": [1, 2, 3]}, NOW)
            into[seed] = [step.state]
            for item in step.opened:
                step = machine.complete(built, step.state, item.task_id, {"xs": [1, 2]}, NOW)
                into[seed].append(step.state)

    seeds = [bytes([n]) * 16 for n in range(1, 9)]
    for seed in seeds:
        play(seed, expected)
    threads = [threading.Thread(target=play, args=(seed, found)) for seed in seeds]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == expected
    assert len({states[0] for states in found.values()}) == len(seeds)


def test_ids_are_uuids_and_never_meet() -> None:
    ids = []
    for _ in range(50):
        with Chance() as chance:
            ids += [chance.token_id() for _ in range(200)]
    assert len(set(ids)) == len(ids)
    assert {(UUID(i).version, UUID(i).variant) for i in ids} == {(4, "specified in RFC 4122")}
    assert {str(UUID(i)) for i in ids} == set(ids)


def test_moments_rise_within_a_command_and_over_commands_of_one_moment() -> None:
    built = program.restore(prepared(two_node_loop()).specs)
    step = machine.start(built, {}, NOW)
    changed = [row[5] for row in orjson.loads(step.state)["tasks"]]
    assert len(set(changed)) == len(changed)
    last = max(changed)
    assert last >= NOW.timestamp()
    [item] = step.opened
    step = machine.complete(built, step.state, item.task_id, {"again": True}, NOW)
    later = {row[5] for row in orjson.loads(step.state)["tasks"]} - set(changed)
    assert later
    assert min(later) > last


def test_outside_of_commands_ids_are_any() -> None:
    assert token_id() != token_id()
