"""One signature in a step (chữ ký trong một bước): by a key at hand, or one that is elsewhere."""

from typing import Any
from uuid import UUID

from processes.means import Means
from processes.order import Order, text
from signing.signer import SignRequest, sign_pdf


def signed(means: Means, order: Order[Any], owner: UUID, pdf: bytes, request: SignRequest) -> bytes:
    """Return `pdf` signed with the key of `owner`, an officer or agency.

    Raises `KeystoreRefused` for a wrong PIN, and what signing refuses of file or certificate.
    """
    if order.elsewhere is not None:
        return order.elsewhere.sign(owner, pdf, request)
    keystore = means.signing.open_keystore(owner, text(order.data, "pin"))
    means.signing.check_keystore(keystore, request.signed_at)
    return sign_pdf(pdf, request, keystore, means.signing.timestamps)
