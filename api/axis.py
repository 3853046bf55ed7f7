"""The axis over HTTP (trục liên thông): the adapter interface that clients of an axis speak."""

import logging

from flask import Blueprint, Response, current_app, request

from engine.errors import OfficeError
from engine.faultpoint import Point, reach
from exchange.axis import Axis, AxisResponse, fault
from records.axis import AxisStore

log = logging.getLogger(__name__)

#: an edXML message of the largest files, base64, with room for its header
LARGEST_MESSAGE = 100_000_000

_POINTS = {
    "sendEdoc": (Point.HUB_KEEPING, Point.HUB_KEPT),
    "updateStatus": (Point.HUB_CONFIRMING, Point.HUB_CONFIRMED),
}

blueprint = Blueprint("axis", __name__, url_prefix="/axis")


@blueprint.post("/<operation>")
def handle(operation: str) -> Response:
    """Serve one call of an axis client; the core decides, this only carries."""
    if (request.content_length or 0) > LARGEST_MESSAGE:
        return Response(status=413)
    database = current_app.extensions["congvan"].database
    try:
        with database.transaction() as tx:
            axis = Axis(AxisStore(tx), clock=lambda: tx.now)
            answer = axis.handle(operation, dict(request.headers), request.get_data())
            before, after = _POINTS.get(operation, (None, None))
            if before is not None:
                reach(before, tx.flush)
    except OfficeError:
        log.exception("the axis failed at %s", operation)
        answer = fault()
        after = None
    if after is not None:
        reach(after)
    return _response(answer)


def _response(answer: AxisResponse) -> Response:
    return Response(answer.body, status=answer.status, content_type=answer.content_type)
