"""The pages put together (ứng dụng web): one Flask application over one office."""

from flask import Flask, Response, g, request
from werkzeug.local import LocalProxy

from api import init_api
from engine.database import new_id
from engine.release import release
from web import (
    account,
    api_page,
    axis,
    begin,
    copying,
    decision,
    desk_signing,
    document,
    dossier,
    file,
    help_page,
    inbox,
    journal,
    keys,
    login,
    master,
    migration,
    operator,
    procedure,
    proposal,
    recalling,
    register,
    rehearsal,
    replay,
    run,
    running,
    search,
    sendings,
    signing_batch,
    start,
    step,
    trust,
    unreceived,
    unsent,
    updating,
)
from web.assets import init_assets
from web.door import Office, db, end_reading
from web.failure import init_failures
from web.front import Front
from web.policy import check_asked
from web.security import secure
from web.shell import current_shell
from web.visitor import Browser, csrf, identify, refuse_forgery
from web.words import init_words

#: the sum of a form with several scans; one file has its own limit in the store
LARGEST_REQUEST = 320 << 20
#: the longest text of a form is a draft's
LARGEST_TEXT = 8 << 20

_ROOMS = (
    start, login, inbox, step, desk_signing, unsent, begin, copying, recalling, updating,
    unreceived, document, sendings, search, file, register, dossier, procedure, decision, replay,
    run, running, migration, master, rehearsal, proposal, account, operator, axis, trust, journal,
    keys, signing_batch, api_page, help_page,
)  # fmt: skip


def create_app(office: Office) -> Flask:
    """Return the application that serves `office`: pages and API."""
    app = Flask("web", static_folder=None)
    app.extensions["congvan"] = office
    app.secret_key = office.settings.secret_key()
    app.config.update(
        MAX_CONTENT_LENGTH=LARGEST_REQUEST,
        MAX_FORM_MEMORY_SIZE=LARGEST_TEXT,
        MAX_FORM_PARTS=5_000,
        WTF_CSRF_CHECK_DEFAULT=False,
        WTF_CSRF_TIME_LIMIT=None,
        SQLALCHEMY_DATABASE_URI=office.database.url,
    )
    told = office.settings
    app.wsgi_app = Front(app.wsgi_app, told.public_url, told.proxies)  # type: ignore[assignment] # Flask's way
    app.session_interface = Browser()
    app.jinja_env.trim_blocks = False
    csrf.init_app(app)
    db.init_app(app)
    init_words(app)
    init_assets(app)
    app.before_request(_open)
    app.before_request(refuse_forgery)
    app.before_request(identify)
    for room in _ROOMS:
        app.register_blueprint(room.pages)
    init_api(app)
    init_failures(app)
    # Read only by whole pages: a partial costs nothing of it.
    app.context_processor(lambda: {"shell": LocalProxy(current_shell)})
    app.after_request(_close)
    app.after_request(end_reading)
    app.after_request(secure)
    return app


def _open() -> None:
    g.request_id = new_id().hex
    g.release = release()


def _close(response: Response) -> Response:
    if response.status_code < 300 and request.endpoint is not None:
        check_asked()
    return response
