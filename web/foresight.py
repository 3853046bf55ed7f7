"""What a migration would do (dự kiến khi chuyển hồ sơ), in words, for its pages."""

from collections.abc import Sequence
from typing import Any

from flask import url_for

from engine.database import Transaction
from engine.definition import Definition
from processes.foresight import Foreseen
from web.door import language
from web.run import called_all
from web.tongue import _

#: how many documents stand by name behind one line of a preview
NAMED = 50


def counted(foreseen: Sequence[Foreseen]) -> str:
    """Return how many runs would go over and how many stay."""
    stays = sum(one.is_refused for one in foreseen)
    return _(
        "%(goes)s hồ sơ chuyển được, %(stays)s hồ sơ ở lại bản cũ.",
        goes=len(foreseen) - stays, stays=stays,
    )  # fmt: skip


def caution(version: Definition) -> str:
    """Return what to think of where new cases do not follow the version, else nothing."""
    if version.is_current or version.pilot_units is not None:
        return ""
    return _(
        "Bản %(n)s không phải bản đang áp dụng: hồ sơ mới không theo bản này.", n=version.number
    )


def groups(tx: Transaction, foreseen: Sequence[Foreseen]) -> list[dict[str, Any]]:
    """Return the runs to which the same would happen together, what is refused first."""
    together: dict[Any, list[Foreseen]] = {}
    for one in foreseen:
        together.setdefault((one.standing, one.changes, one.obstacles), []).append(one)
    named = [one for found in together.values() for one in found[:NAMED]]
    names = called_all(tx, [one.subject_id for one in named])
    which = 1 if language() == "en" else 0
    return [
        {
            "standing": ", ".join(dict.fromkeys(standing)) or _("đang chờ thông báo, thời hạn"),
            "changes": list(dict.fromkeys(text[which] for text in changes)),
            "obstacles": list(dict.fromkeys(text[which] for text in obstacles)),
            "count": len(found),
            "documents": [
                {
                    "name": names.get(one.subject_id, ""),
                    "href": url_for("run.show", instance_id=one.instance_id),
                }
                for one in found[:NAMED]
            ],
            "more": max(0, len(found) - NAMED),
        }
        for (standing, changes, obstacles), found in sorted(
            together.items(), key=lambda pair: (not pair[0][2], -len(pair[1]))
        )
    ]
