"""A real web server whose worker dies by SIGKILL with its answer in hand, when a request asks for it.

The transaction of the request is committed by then, and nothing of the answer is sent: gunicorn
sends what it is given, and it is given nothing. All else is the product's own.
"""

import os
import signal

from office import settings, wsgi
from office.office import Office
from web.app import create_app

HEADER = "X-Die-With-The-Answer"


class Dying:
    """Passes every request on to `application`; dies instead of returning what it said."""

    def __init__(self, application) -> None:
        self.application = application

    def __call__(self, environ, start):
        answer = self.application(environ, start)
        if f"HTTP_{HEADER.upper().replace('-', '_')}" in environ:
            os.kill(os.getpid(), signal.SIGKILL)
        return answer


if __name__ == "__main__":
    told = settings.load()
    wsgi.serve(told, lambda: Dying(create_app(Office.open(told))))
