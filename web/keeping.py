"""How a file's signatures are kept provable, in the officials' words (lưu giữ chữ ký số)."""

from typing import Any

from flask import url_for

from engine.database import Transaction
from records.content import File
from records.keeping import keeping_of, steps_of
from web import words
from web.door import office
from web.tongue import _


def keeping_facts(tx: Transaction, file: File | None) -> list[dict[str, Any]]:
    """Return what was added to prove a file's signatures, what comes next, and what failed."""
    if file is None or office().means.signing.timestamps is None:
        return []
    keeping = keeping_of(tx, file)
    if keeping is None:
        return []
    found = []
    steps = steps_of(tx, file)
    if steps:
        last = steps[-1]
        text = _(
            "%(authority)s xác nhận thời gian %(when)s; tải tệp kèm bằng chứng (%(size)s)",
            authority=last.tsa_name,
            when=words.exact(last.stamped_at),
            size=words.size(keeping.size),
        )
        href = url_for("file.read", file_id=file.id, proofs=1)
        found.append(words.fact(_("Bằng chứng của chữ ký số"), text, href))
    if keeping.last_error:
        found.append(words.fact(_("Chưa bổ sung được bằng chứng"), keeping.last_error))
    elif keeping.due_at:
        label = _("Lần bổ sung bằng chứng tiếp theo")
        found.append(words.fact(label, words.exact(keeping.due_at)))
    return found
