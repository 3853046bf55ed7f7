"""Help and the accessibility statement (hướng dẫn, khả năng tiếp cận): short, and always there."""

from flask import Blueprint, g, make_response, render_template
from werkzeug.wrappers import Response

from web.login import outside
from web.policy import Who, open_to

pages = Blueprint("help", __name__)


@pages.get("/help")
@open_to(Who.EVERYONE)
def show() -> Response:
    """Show how the work goes, the keys, and whom to call."""
    return _page("help.html")


@pages.get("/accessibility")
@open_to(Who.EVERYONE)
def accessibility() -> Response:
    """Show what the pages promise to people who see, hear or move otherwise."""
    return _page("accessibility.html")


def _page(template: str) -> Response:
    base = "base.html" if g.get("presence") is not None else "outside.html"
    return make_response(render_template(template, base=base, shell=outside()))
