"""Ours beside the stock library on every diagram of the table: the same choices, the same at each step.

Seeded: each run draws what happens next among what is open or awaited. Ours is saved, shuffled and
loaded at every step, the library keeps everything in memory. Where ours differs on purpose the
reason stands in the row, and the difference is shown to be real.
"""

import random
from pathlib import Path
from typing import Any

import orjson
import pytest
from conformance import ROWS, Act, Row, do, hear, ring
from SpiffWorkflow.bpmn.exceptions import WorkflowDataException
from token_runs import Run, Stock

ROOT = Path(__file__).parents[2]
SAME = [row for row in ROWS if not row.refused and not row.differs]
OTHER = [row for row in ROWS if row.differs]
MOST = 25


class Apart(AssertionError):
    """The two do not show the same."""


#: what the library leaves among the variables after a step for each of a list: its last element
ELEMENTS = {"part", "informed_party", "cooperating_unit"}
#: what it brings back at a join: the copy of a branch that did not change it (`engine.branch`)
BROUGHT_BACK = {"outcome", "lead_officer"}
#: where the library stops when such a step is entered again
STOPS = "already exists"


def look(run: Run | Stock, without: frozenset[str] = frozenset()) -> tuple[Any, ...]:
    seen = run.seen()
    if without:
        seen = sorted((node, _cut(shown, without)) for node, shown in seen)
    return seen, run.events, run.done


def _cut(shown: str, without: frozenset[str]) -> str:
    kept = {k: v for k, v in orjson.loads(shown).items() if k not in without}
    return orjson.dumps(kept, option=orjson.OPT_SORT_KEYS).decode()


def act_on(stock: Stock, act: Act, shown: str) -> None:
    if act.verb == "do":
        stock.complete(act.name, shown, **act.values)
    elif act.verb == "hear":
        stock.deliver(act.kind, act.name, **act.values)
    else:
        stock.fire(act.name)


def together(run: Run, stock: Stock, act: Act, shown: str = "") -> None:
    """Have the same happen to both and look at both."""
    if act.verb == "do":
        shown = shown or next(seen for node, seen in run.seen() if node == act.name)
        item = next(i for i, s in zip(run.open, run.shown(), strict=True) if s == (act.name, shown))
        run.complete(item, **act.values)
    else:
        act(run)
    act_on(stock, act, shown)
    if look(run) != look(stock):
        raise Apart(f"{look(run)} != {look(stock)}")


def possible(run: Run, pool: list[dict[str, Any]], chance: random.Random) -> tuple[Act, str]:
    """Draw what happens next."""
    acts: list[tuple[Act, str]] = [
        (do(node, **chance.choice(pool)), shown) for node, shown in run.seen()
    ]
    for waiting in sorted(run.waiting.values(), key=lambda w: w.node_id):
        if waiting.kind == "timer":
            acts.append((ring(waiting.node_id), ""))
        else:
            acts.append((hear(waiting.kind, waiting.name, heard=chance.randrange(3)), ""))
    return chance.choice(acts)


def compare(
    xml: bytes, variables: dict[str, Any], pool: list[dict[str, Any]], chance: random.Random
) -> int:
    run, stock = Run(xml, **variables), Stock(xml, **variables)
    assert look(run) == look(stock)
    count = 0
    while not run.done and count < MOST:
        together(run, stock, *possible(run, pool, chance))
        count += 1
    assert run.done or count == MOST
    return count


@pytest.mark.parametrize("row", SAME, ids=lambda row: row.name)
def test_same_as_the_library(row: Row) -> None:
    for seed in range(3):
        assert compare(row.xml, row.variables, _pool(row), random.Random(seed)), f"seed {seed}"


@pytest.mark.parametrize("row", OTHER, ids=lambda row: row.name)
def test_difference_on_purpose_is_real(row: Row) -> None:
    """Where the library has come to show the same, the reason in the row is to be dropped."""
    assert not _is_same(row)


def _is_same(row: Row) -> bool:
    run = Run(row.xml, **row.variables)
    try:
        stock = Stock(row.xml, **row.variables)
        if look(run) != look(stock):
            return False
        for act, _ in row.then:
            together(run, stock, act)
        for seed in range(3):
            compare(row.xml, row.variables, _pool(row), random.Random(seed))
    except Exception:  # noqa: BLE001 - the library raises anything, or shows something else
        return False
    return True


def _pool(row: Row) -> list[dict[str, Any]]:
    return [{}, *(act.values for act, _ in row.then if act.verb == "do" and act.values)]


#: what the steps of the shipped procedures may decide
CHOICES = {
    "incoming": [
        {"outcome": "continue"}, {"outcome": "return"}, {"outcome": "duplicate"},
        {"outcome": "assign", "lead_officer": "o1"},
    ],
    "outgoing": [{"outcome": "continue"}, {"outcome": "return"}, {"outcome": "assign"}],
}  # fmt: skip


@pytest.mark.parametrize("name", CHOICES)
def test_shipped_procedures_run_as_in_the_library(name: str) -> None:
    xml = (ROOT / "processes" / name / f"{name}.bpmn").read_bytes()
    lists = {
        "deadline": "2999-05-04T08:00:00+07:00",
        "cooperation": ["c1", "c2"],
        "informed": ["i1"],
        "cooperating": ["u1", "u2"],
    }
    steps = sum(shipped(xml, lists, CHOICES[name], seed) for seed in range(6))
    assert steps > 30


def shipped(xml: bytes, variables: dict[str, Any], pool: list[dict[str, Any]], seed: int) -> int:
    chance, without = random.Random(seed), frozenset(ELEMENTS | BROUGHT_BACK)
    run, stock = Run(xml, **variables), Stock(xml, **variables)
    for count in range(MOST):
        assert look(run, without) == look(stock, without), f"seed {seed}, step {count}"
        if run.done:
            return count
        node, shown = chance.choice(run.seen())
        chosen = chance.choice(pool)
        item = next(i for i, s in zip(run.open, run.shown(), strict=True) if s == (node, shown))
        run.complete(item, **chosen)
        try:
            there = next(
                s for n, s in stock.seen() if n == node and _cut(s, without) == _cut(shown, without)
            )
            stock.complete(node, there, **chosen)
        except WorkflowDataException as stopped:
            if STOPS in str(stopped):
                return count
            raise
    return MOST
