"""Signing several documents with one PIN (ký nhiều văn bản), a result for each."""

from typing import Any

from flask import Response

from api.answers import show
from api.bearer import Scope, guarded, transaction
from api.blueprint import Resource
from api.installation import installation
from api.problems import language
from api.schemas.signing_batches import SigningBatchRequest, SigningBatchResult
from processes.batch import ItemSigned, ToSign, sign_batch
from records.authority import Act

blueprint = Resource("signing-batches", "signing/batches", "Ký nhiều văn bản")


@blueprint.post("")
@guarded(Scope.WRITE, Act.SIGN_DOCUMENT)
@blueprint.arguments(SigningBatchRequest)
@blueprint.response(200, SigningBatchResult)
def sign(body: dict[str, Any]) -> Response:
    """Sign the named steps as the caller, each in a transaction of its own.

    The answer is 200 also where some were refused: each has its outcome. The same request may be
    sent again: what is signed is `already`, the rest goes on. A wrong PIN stops the batch.
    """
    chosen = [ToSign(one["id"], one["version"]) for one in body["items"]]
    done = list(sign_batch(transaction, installation().means, chosen, body["pin"]))
    left = sum(one.error is not None for one in done)
    return show({"items": [_shown(one) for one in done], "left": left})


def _shown(one: ItemSigned) -> dict[str, Any]:
    return {
        "id": one.item_id,
        "outcome": one.how.value,
        "document": one.document,
        "code": one.error.code if one.error is not None else "",
        "detail": one.error.text(language()) if one.error is not None else "",
    }
