"""Whether a packet comes from whom it says (đối chiếu nơi gửi, nơi chuyển); if not it is refused.

What is refused is kept and is an incident: whoever registers the node that brought it, and has the
incident tried again, has the packet taken in from the bytes at hand.
"""

from uuid import UUID

import sqlalchemy as sa

from engine import jobs
from engine.database import Transaction
from engine.errors import OfficeError
from exchange.gateway import Arrival
from exchange.identity import organ_key
from processes.means import Means
from records.organization import AgencyCode
from records.transfer import Packet

#: the job that fails as long as the sender of a packet is in doubt: incidents are of jobs
DOUBT_JOB = "packet_in_doubt"


class SenderInDoubt(OfficeError):
    """A packet was brought by somebody else than its sender (gói tin do đơn vị khác chuyển)."""

    code = "sender-in-doubt"
    status = 409
    vi = (
        "Gói tin {packet} ghi nơi gửi là {stated} nhưng do {brought} chuyển lên trục nên bị từ "
        "chối, không vào sổ. Hỏi lại {stated}; nếu {brought} đúng là nút trung gian thì thêm "
        "{brought}:{stated} vào CONGVAN_INTERMEDIARIES, khởi động lại, rồi cho làm lại sự cố này."
    )
    en = (
        "The packet {packet} names {stated} as its sender and was brought by {brought}, so it is "
        "refused and not registered. Ask {stated}; if {brought} does forward for it, add "
        "{brought}:{stated} to CONGVAN_INTERMEDIARIES, start again and retry this incident."
    )


def ensure_sender(tx: Transaction, means: Means, arrival: Arrival, stated: str) -> None:
    """Raise `SenderInDoubt` unless a packet was brought by the sender it states, or for him.

    A folder says not who brought it: whoever carries files into it answers for them. All codes of
    an agency are one sender.
    """
    node, sender = organ_key(arrival.sender), organ_key(stated)
    if node in {"", sender} or {(node, sender), (node, "*")} & means.intermediaries:
        return
    code = sa.func.upper(AgencyCode.code)
    same = tx.scalars(
        sa.select(AgencyCode.agency_id)
        .where(code.in_([node, sender]))
        .group_by(AgencyCode.agency_id)
        .having(sa.func.count(sa.distinct(code)) == 2)
    )
    if not same:
        raise SenderInDoubt(packet=arrival.packet_id, brought=arrival.sender, stated=stated)


def post_doubt(tx: Transaction, packet: Packet) -> UUID:
    """Have the refusal of a packet become an incident."""
    key = f"{DOUBT_JOB}:{packet.id}"
    return jobs.post(tx, DOUBT_JOB, {"packet": str(packet.id)}, key=key, agency_id=packet.agency_id)
