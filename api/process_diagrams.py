"""Diagrams beside each other (sơ đồ): what differs; a new master merged into an agency's own."""

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from flask import Response

from api.answers import show
from api.bearer import Scope, acting, guarded
from api.blueprint import Resource
from api.process_definitions import LARGEST_DIAGRAM
from api.schemas.diagrams import ChangeList, ComparisonRequest, MergeAnswer, MergeRequest
from engine.diagram import read
from engine.difference import Change, differences
from engine.merging import Merge, Side, merge
from records.authority import Act, authorize

blueprint = Resource(
    "process-diagrams", "process-diagrams", "So sánh, hòa nhập sơ đồ", largest=3 * LARGEST_DIAGRAM
)


@blueprint.post("/differences")
@guarded(Scope.READ, Act.READ_PROCESS)
@blueprint.arguments(ComparisonRequest)
@blueprint.response(200, ChangeList)
def compare(body: dict[str, Any]) -> Response:
    """Tell what differs between two diagrams, element by element and in words."""
    authorize(acting(), Act.READ_PROCESS)
    found = differences(read(body["old"].encode()), read(body["new"].encode()))
    return show({"items": told(found)})


@blueprint.post("/merge")
@guarded(Scope.READ, Act.READ_PROCESS)
@blueprint.arguments(MergeRequest)
@blueprint.response(200, MergeAnswer)
def combine(body: dict[str, Any]) -> Response:
    """Bring a new master into an agency's own diagram; nothing is kept here.

    Without a merged diagram while conflicts are undecided; 409 where a change would be lost.
    """
    authorize(acting(), Act.READ_PROCESS)
    base, master, agency = (read(body[name].encode()) for name in ("base", "master", "agency"))
    decided = {(one["element"], one["slot"]): Side(one["side"]) for one in body["decided"]}
    made = merge(base, master, agency, decided)
    return show(
        {
            "xml": made.xml.decode(),
            "taken": told(made.taken),
            "kept": told(made.kept),
            "conflicts": conflicts_told(made),
        }
    )


def conflicts_told(made: Merge) -> list[dict[str, Any]]:
    """Return what nobody has decided yet, with the changes of both sides."""
    return [
        {
            "element": one.element,
            "slot": one.slot,
            "master": told(one.master),
            "agency": told(one.agency),
        }
        for one in made.conflicts
    ]


def told(changes: Iterable[Change]) -> list[dict[str, Any]]:
    """Return differences as plain JSON."""
    return [asdict(change) for change in changes]
