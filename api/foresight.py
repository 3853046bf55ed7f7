"""What a migration would do (dự kiến khi chuyển hồ sơ), run by run, as JSON."""

from collections.abc import Sequence
from typing import Any

from processes.foresight import Foreseen


def preview(found: Sequence[Foreseen]) -> dict[str, Any]:
    """Return how many would go over and stay, and each of them."""
    stays = sum(one.is_refused for one in found)
    items = [_foreseen(one) for one in found]
    return {"goes": len(found) - stays, "stays": stays, "items": items}


def _foreseen(one: Foreseen) -> dict[str, Any]:
    return {
        "instance_id": one.instance_id,
        "document_id": one.subject_id,
        "standing": list(one.standing),
        "changes": [{"vi": vi, "en": en} for vi, en in one.changes],
        "obstacles": [{"vi": vi, "en": en} for vi, en in one.obstacles],
        "is_refused": one.is_refused,
    }
