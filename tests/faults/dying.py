"""The test's end of the process that dies on request (`dying_office`)."""

import os
import pickle
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from dying_office import NAME, Crowd, Request
from story import Story

HERE = Path(__file__).parent
ROOT = HERE.parents[1]


class Dying:
    """Asks the dying process to do something and die on the way."""

    def __init__(self, story: Story) -> None:
        paths = [
            str(ROOT),
            str(HERE.parent / "engine"),
            *os.environ.get("PYTHONPATH", "").split(":"),
        ]
        self.url = story.office.settings.database_url.replace("+psycopg", "")
        self.process = subprocess.Popen(
            [sys.executable, HERE / "dying_office.py"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": ":".join(reversed([p for p in paths if p]))},
        )
        self._tell(story.office.settings)

    def ask(self, request: Request | Crowd) -> str | list[str]:
        """Return how it ended, or how each of a crowd did, once the server knows it too.

        Its locks are held until then.
        """
        self._tell(request)
        answer = pickle.load(self.process.stdout)
        living = "SELECT count(*) FROM pg_stat_activity WHERE application_name = %s"
        with psycopg.connect(self.url, autocommit=True) as connection:
            until = time.monotonic() + 60
            while connection.execute(living, [NAME]).fetchone() != (0,):
                assert time.monotonic() < until, "the server still serves a dead office"
                time.sleep(0.005)
        return answer

    def _tell(self, what: object) -> None:
        pickle.dump(what, self.process.stdin)
        self.process.stdin.flush()

    def close(self) -> None:
        self.process.stdin.close()
        self.process.wait(10)
        self.process.stdout.close()


@contextmanager
def dying_in(story: Story) -> Iterator[Dying]:
    """Lend the dying process of an installation."""
    made = Dying(story)
    try:
        yield made
    finally:
        made.close()
