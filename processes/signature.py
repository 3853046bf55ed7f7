"""One signature in a step (chữ ký trong một bước): by a key at hand, or one that is elsewhere."""

from typing import Any
from uuid import UUID

from engine.database import Transaction
from processes.keys import keep_use, order_for
from processes.means import Means
from processes.order import Order, text
from signing.placement import Found, Placement
from signing.signer import SignRequest, sign_pdf


def signed(
    tx: Transaction, means: Means, order: Order[Any], owner: UUID, pdf: bytes, request: SignRequest
) -> bytes:
    """Return `pdf` signed with the key of `owner`, an officer or agency.

    Raises `KeystoreRefused` for a wrong PIN, and what signing refuses of file or certificate.
    """
    use = order_for(order.document, request.role, pdf)
    if order.elsewhere is not None:
        return order.elsewhere.sign(tx, owner, pdf, request, use)
    with means.signing.open_keystore(tx, owner, text(order.data, "pin"), use) as keystore:
        means.signing.check_keystore(keystore, request.signed_at)
        done = sign_pdf(pdf, request, keystore, means.signing.timestamps)
        keep_use(keystore, done)
        return done


def told_place(placement: Placement | None) -> str:
    """Return what the history says where the page does not show the place of a signature."""
    if placement is None or placement.found in {Found.TEXT, Found.FIELD}:
        return ""
    if placement.found is Found.NARROW:
        return ". Chỗ trống trên trang quá hẹp, chữ có thể chạm nhau: xem lại văn bản"
    return ". Trang không có chữ để nhận ra chỗ ký, đã đặt ở vị trí mặc định: xem lại văn bản"
