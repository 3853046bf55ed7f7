"""Limits that urgency sets where nobody set one (thời hạn theo mức độ khẩn), in working time.

The law says "at once" (Decree 30/2020, Điều 4.2, 18.1, 23.1, 24.2); how long that is stands in
`data/urgency_limits.json`.
"""

import json
from datetime import datetime
from functools import cache
from importlib import resources

from records.vocabulary import Urgency
from records.working_time import Duration, WorkingCalendar, add_working_time


@cache
def urgency_limits() -> dict[str, Duration]:
    """Return the limit of each urgency that has one."""
    text = resources.files("records").joinpath("data/urgency_limits.json").read_text("utf-8")
    limits = json.loads(text)["limits"]
    return {Urgency(word): Duration.parse(limit) for word, limit in limits.items()}


def urgent_deadline(urgency: object, now: datetime, calendar: WorkingCalendar) -> datetime | None:
    """Return until when what is so urgent is due if it begins now; None for a normal document."""
    limit = urgency_limits().get(urgency) if isinstance(urgency, str) else None
    return add_working_time(now, limit, calendar) if limit is not None else None
