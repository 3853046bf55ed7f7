"""Files of the pages (tệp tĩnh): an address with the content's hash, kept by browsers for good."""

import hashlib
from functools import cache
from pathlib import Path

from flask import Flask, send_from_directory
from werkzeug.wrappers import Response

from web.policy import Who, open_to

FOLDER = Path(__file__).parent / "static"
_FOREVER = 365 * 24 * 3600


@cache
def edition() -> str:
    """Return the hash of all files together: they name one another by relative addresses."""
    digest = hashlib.sha256()
    for file in sorted(FOLDER.rglob("*")):
        if file.is_file():
            digest.update(file.relative_to(FOLDER).as_posix().encode() + b"\0")
            digest.update(hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()[:16]


def asset(path: str) -> str:
    """Return the address of a file of `web/static`, with the hash of this edition in it."""
    return f"/static/{edition()}/{path}"


@open_to(Who.EVERYONE)
def _file(digest: str, path: str) -> Response:
    response = send_from_directory(FOLDER, path, conditional=True)
    # A page of another edition gets what is here now, and must not keep it as its own.
    kept = f"public, max-age={_FOREVER}, immutable" if digest == edition() else "no-cache"
    response.headers["Cache-Control"] = kept
    return response


def init_assets(app: Flask) -> None:
    """Serve the files and give `asset` to the templates."""
    app.add_url_rule("/static/<digest>/<path:path>", "static", _file)
    app.jinja_env.globals["asset"] = asset
