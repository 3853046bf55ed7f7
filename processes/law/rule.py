"""A rule of law over a procedure (quy tắc pháp lý): what it binds, where it is written, since when.

The rules stand in `*.toml` beside this module, so that a new decree is an edit of a file.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import lru_cache
from importlib.resources import files
from typing import Any

#: the procedures the law knows, each with its file
PROCEDURES = ("incoming", "outgoing", "recall", "update", "replace")


#: how to mend what has no step of a verb
_ADD_IT = {
    "do_vi": "Thêm bước gọi việc này vào đường đi của quy trình.",
    "do_en": "Add a step that calls this verb.",
}


class Kind(StrEnum):
    """What a rule demands (loại quy tắc).

    `PRESENT`: some step calls each of `verbs`. `PRECEDES`: whatever way leads to a step of `verbs`
    passed one of `first`, again after each of `since` and of `undone`. `FOLLOWS`: whatever run
    passed one of `after`, or began where there is none, passes one of `verbs` before it ends.
    `LANE`: steps of `verbs` belong to `roles` only. `DEADLINE`: steps of `verbs` have a deadline,
    and an edge to go by when it is over if `overdue`. `EXCLUDES`: who stands in `variable` is kept
    from steps of `verbs`.
    """

    PRESENT = "present"
    PRECEDES = "precedes"
    FOLLOWS = "follows"
    LANE = "lane"
    DEADLINE = "deadline"
    EXCLUDES = "excludes"


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule: its kind, the verbs it binds, its source, its words and the days it is in force.

    `undone` and `unless` name choices (`sign=return`): after them a step does not count as done,
    or a run need not go on. `do_vi` and `do_en` say how to mend what breaks the rule.
    """

    id: str
    kind: Kind
    procedure: str
    verbs: tuple[str, ...]
    citation: str
    vi: str
    en: str
    do_vi: str
    do_en: str
    valid_from: date
    valid_to: date | None = None
    first: tuple[str, ...] = ()
    since: tuple[str, ...] = ()
    undone: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    unless: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    variable: str = ""
    overdue: bool = False

    def is_in_force(self, on: date | None) -> bool:
        """Return whether the rule binds what is published that day; None asks for the law of now.

        "Now" is what no day has been set an end to.
        """
        if on is None:
            return self.valid_to is None
        return self.valid_from <= on and (self.valid_to is None or on <= self.valid_to)

    @classmethod
    def from_toml(cls, procedure: str, data: Mapping[str, Any]) -> "Rule":
        """Return a rule as its file has it; a word the file must not have is a TypeError."""
        values: dict[str, Any] = {
            k: tuple(v) if isinstance(v, list) else v for k, v in data.items()
        }
        kind = Kind(values.pop("kind"))
        words = _ADD_IT if kind is Kind.PRESENT else {}
        return cls(kind=kind, procedure=procedure, **{**words, **values})

    @property
    def relied_on(self) -> set[str]:
        """The verbs that must all have a step before the rule can say anything."""
        excusing = {choice.partition("=")[0] for choice in self.unless}
        return {
            Kind.PRECEDES: {*self.first},
            Kind.FOLLOWS: {*self.verbs, *self.after, *excusing},
        }.get(self.kind, set())


@lru_cache(maxsize=1)
def rules() -> tuple[Rule, ...]:
    """Return all rules, those of a procedure in the order of its file."""
    found: list[Rule] = []
    for procedure in PROCEDURES:
        text = files("processes.law").joinpath(f"{procedure}.toml").read_text("utf-8")
        found += [Rule.from_toml(procedure, one) for one in tomllib.loads(text)["rule"]]
    return tuple(found)


def rules_of(procedure: str, on: date | None = None) -> list[Rule]:
    """Return the rules of a procedure that are in force on a day."""
    return [rule for rule in rules() if rule.procedure == procedure and rule.is_in_force(on)]
