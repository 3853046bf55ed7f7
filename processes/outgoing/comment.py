"""Comment on a draft as a cooperating unit (góp ý dự thảo)."""

from uuid import UUID

from engine.database import Transaction
from processes.means import Means
from processes.order import Decision, Order, text
from processes.outgoing.paper import last_draft
from records.authority import Act, authorize
from records.document import OutgoingDocument
from records.draft import give_opinion
from records.vocabulary import Verdict


def comment(tx: Transaction, _means: Means, order: Order[OutgoingDocument]) -> Decision:
    """Record the unit's opinion on the newest draft."""
    authorize(tx.acting, Act.DRAFT_DOCUMENT)
    verdict = Verdict.AGREES if order.outcome == "agree" else Verdict.COMMENTS
    unit = order.item.variables.get("cooperating_unit")
    words = text(order.data, "text") or order.reason
    give_opinion(
        tx,
        last_draft(tx, order.document),
        verdict,
        stage="consultation",
        text=words,
        unit_id=UUID(unit) if unit else None,
    )
    return Decision({}, "Nhất trí với dự thảo" if verdict is Verdict.AGREES else f"Góp ý: {words}")
