"""The axis over HTTP (trục liên thông): the adapter interface that clients of an axis speak."""

import logging
from dataclasses import replace

from flask import Blueprint, Response, current_app, request

from engine.errors import OfficeError
from engine.faultpoint import Point, reach
from exchange.axis import Axis, AxisResponse, fault, too_large
from exchange.limits import DEFAULT_LIMITS
from records.axis import AxisStore

log = logging.getLogger(__name__)

_POINTS = {
    "sendEdoc": (Point.HUB_KEEPING, Point.HUB_KEPT),
    "updateStatus": (Point.HUB_CONFIRMING, Point.HUB_CONFIRMED),
}

blueprint = Blueprint("axis", __name__, url_prefix="/axis")


@blueprint.post("/<operation>")
def handle(operation: str) -> Response:
    """Serve one call of an axis client; the core decides, this only carries."""
    office = current_app.extensions["congvan"]
    limits = replace(DEFAULT_LIMITS, message=office.settings.hub.largest)
    if (request.content_length or 0) > limits.message:
        return _response(too_large(limits.message))
    try:
        with office.database.transaction() as tx:
            rules = office.means.axis_rules
            axis = Axis(AxisStore(tx), lambda: tx.now, limits, rules=rules)
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
    headers = {"Retry-After": str(answer.retry_after)} if answer.retry_after else {}
    return Response(answer.body, answer.status, headers, content_type=answer.content_type)
