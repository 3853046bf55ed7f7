"""Timers that were left open or written for another engine (hẹn giờ)."""

import re
from datetime import UTC, datetime
from typing import Any

from lxml import etree

from engine.diagram import kind_of, tag
from engine.environment import plain
from engine.expressions import ExpressionError, compile_expression
from engine.foreign.rewriting import Completion, text_of
from engine.normalise import TIMER_LITERALS
from engine.workflow import TimerUnclear, later

_DAY = "P1D"
_MOMENT = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d)?)(\.\d+)?(Z|[+-]\d\d:?\d\d)?")
_REPEATS = re.compile(r"(R\d{0,4})/(?:.*/)?(P.+)")
_SHORT = re.compile(r"PT(0*[1-5]?\d|0+)S")


def complete(done: Completion) -> None:
    """Give every timer a moment, duration or cycle this engine can tell."""
    for definition in list(done.root.iter(tag("timerEventDefinition"))):
        event = definition.getparent()
        written = [c for c in definition if kind_of(c) in TIMER_LITERALS]
        for empty in [c for c in written if not text_of(c)]:
            definition.remove(empty)
        written = [c for c in written if text_of(c)]
        for surplus in written[1:]:
            definition.remove(surplus)
        if not written:
            _set(definition, None, "timeDuration", _DAY)
            done.say(event, "no-timer", "hẹn giờ còn trống nên là 1 ngày", "no time: one day")
            continue
        _one(done, event, definition, written[0])


def _one(done: Completion, event: Any, definition: Any, written: Any) -> None:
    text, kind = text_of(written), kind_of(written)
    wanted, meant = _readable(kind, text)
    if wanted == "timeCycle":
        repeats, span = meant.split("/")
        if _SHORT.fullmatch(span):
            meant = f"{repeats}/PT1M"
        if kind_of(event) != "boundaryEvent":  # a place that a token passes once
            wanted, meant = "timeDuration", meant.split("/")[1]
    if (wanted, meant) == (kind, text):
        return
    _set(definition, written, wanted, meant)
    done.say(
        event, "timer", f"hẹn giờ «{text}» được hiểu là {meant}",
        f"the timer “{text}” is taken as {meant}",
    )  # fmt: skip


def _readable(kind: str, text: str) -> tuple[str, str]:
    plain = text.strip("\"'")
    for name, literal in TIMER_LITERALS.items():
        if literal.fullmatch(plain) and _is_counted(plain):
            return name, plain
    if found := _MOMENT.fullmatch(plain):
        zone = found[4] or ""
        zone = f"{zone[:3]}:{zone[3:]}" if len(zone) == 5 else zone
        return "timeDate", f"{found[1]}{zone}"
    if (found := _REPEATS.fullmatch(plain)) and TIMER_LITERALS["timeDuration"].fullmatch(found[2]):
        return "timeCycle", f"{found[1]}/{found[2]}"
    if not re.match(r"R?\d|P|R/", plain):
        meant = _computed(text)
        for name in (kind, "timeDate", "timeDuration"):
            if meant and (TIMER_LITERALS[name].fullmatch(meant) or name == _kind_of_moment(meant)):
                return name, text
    return ("timeCycle", f"R/{_DAY}") if kind == "timeCycle" else ("timeDuration", _DAY)


def _is_counted(text: str) -> bool:
    """Whether a calendar reaches as far as a duration or a repetition goes."""
    span = text.rpartition("/")[2]
    try:
        return not span.startswith("P") or bool(later(datetime(2026, 1, 1, tzinfo=UTC), span))
    except TimerUnclear:
        return False


def _computed(text: str) -> str:
    """Return what an expression without names gives, "" where it is none or no plain text."""
    try:
        found = compile_expression(text)
        value = "" if found.names else plain(found.evaluate({}, datetime(2026, 1, 1, tzinfo=UTC)))
    except ExpressionError:
        return ""
    return value if isinstance(value, str) else ""


def _kind_of_moment(text: str) -> str:
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return ""
    return "timeDate"


def _set(definition: Any, written: Any, kind: str, text: str) -> None:
    if written is not None:
        definition.remove(written)
    etree.SubElement(definition, tag(kind)).text = text
