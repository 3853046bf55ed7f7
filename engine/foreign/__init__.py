"""Diagrams drawn elsewhere (sơ đồ vẽ ở nơi khác): completed so that they run, never in silence.

A diagram that names none of our verbs, roles or forms leaves open what an office must know:
conditions in words, messages without a name, steps for somebody else's machine. Its copy is
completed, what this engine does not run becomes what comes nearest, an officer decides where the
diagram does not, and every change is a finding. What is published is never completed like this.
"""

import copy
from typing import Any

from engine import diagram
from engine.diagram import CONGVAN, scopes, tag
from engine.foreign import (
    choice,
    circles,
    gaps,
    references,
    rivals,
    starvation,
    substitutes,
    tasks,
    timers,
)
from engine.foreign.rewriting import Completion, nodes_in

__all__ = ["Completion", "complete", "is_ours"]

_OURS = tuple(f"{{{CONGVAN}}}{name}" for name in ("verb", "role", "form"))


def is_ours(root: Any) -> bool:
    """Whether a diagram names a verb, a role or a form of this house."""
    return any(name in element.attrib for element in root.iter() for name in _OURS)


def complete(root: Any) -> Completion:
    """Return the completed copy of a foreign diagram and what was changed in it."""
    done = Completion(copy.deepcopy(root))
    references.complete(done)
    if not any(nodes_in(process) for process in done.root.findall(tag("process"))):
        raise diagram.DiagramRefused(
            reason_vi="tệp không có quy trình nào có bước để chạy.",
            reason_en="the file holds no process with anything in it to run.",
        )
    tasks.complete(done)
    timers.complete(done)
    substitutes.complete(done)
    for scope in list(scopes(done.root)):
        gaps.complete(done, scope)
    rivals.complete(done)
    for scope in list(scopes(done.root)):
        circles.complete(done, scope)
    choice.complete(done)
    for scope in list(scopes(done.root)):
        starvation.complete(done, scope)
    return done
