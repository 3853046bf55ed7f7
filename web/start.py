"""The front door (trang đầu): on to where the officer starts."""

from flask import Blueprint, redirect
from werkzeug.wrappers import Response

from web import shell
from web.policy import Who, open_to

pages = Blueprint("start", __name__)


@pages.get("/")
@open_to(Who.IN_POSITION)
def home() -> Response:
    """Lead to the first page the officer may open: the inbox for most."""
    return redirect(shell.home(), 303)
