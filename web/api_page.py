"""The API's documentation (tài liệu API): Swagger UI from our own files, nothing from elsewhere."""

from flask import Blueprint, make_response, render_template
from werkzeug.wrappers import Response

from web.policy import Who, open_to
from web.tongue import _

pages = Blueprint("api_page", __name__)
SPEC = "/api/v1/openapi.json"


@pages.get("/api-docs")
@open_to(Who.IN_POSITION)
def show() -> Response:
    """Show the documentation of the machines' door."""
    shown = {"title": _("Tài liệu API"), "spec_href": SPEC}
    return make_response(render_template("api.html", api=shown))
