"""How long `congvan run` takes until it is ready: the first start and the second.

The floor is the start of a Python that imports the web application's largest library, measured in
the same run: what no arrangement of ours can save.
"""

import json
import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

from office.wsgi import LONGEST_SILENCE

SECOND_START = 5.0
ROUNDS = 3


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def _start(data: Path, port: int) -> float:
    """Start, wait for `/readyz`, stop; return the seconds to readiness."""
    environment = {
        **{k: v for k, v in os.environ.items() if k not in {"DATABASE_URL", "CELERY_BROKER_URL"}},
        "CONGVAN_DATA": str(data),
        "PORT": str(port),
    }
    begun = time.monotonic()
    house = subprocess.Popen(
        [sys.executable, "-m", "office.cli", "run"],
        env=environment,
        stdout=subprocess.DEVNULL,
    )
    try:
        while not _ready(port):
            if house.poll() is not None:
                raise SystemExit("congvan run stopped before it was ready")
            time.sleep(0.02)
        return time.monotonic() - begun
    finally:
        house.send_signal(signal.SIGTERM)
        house.wait(60)


def _ready(port: int) -> bool:
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with direct.open(f"http://127.0.0.1:{port}/readyz", timeout=5):
            return True
    except OSError:
        return False


def _floor() -> float:
    begun = time.monotonic()
    subprocess.run([sys.executable, "-c", "import flask, sqlalchemy.orm"], check=True)
    return time.monotonic() - begun


def _print(name: str, value: float, floor: float, bound: float | None) -> None:
    line = {
        "name": name,
        "value": round(value, 3),
        "unit": "s",
        "floor": round(floor, 3),
        "ratio": round(value / floor, 2),
        "bound": bound,
        "ok": bound is None or value <= bound,
    }
    print(json.dumps(line), flush=True)


def main() -> None:
    port = _free_port()
    with tempfile.TemporaryDirectory(prefix="congvan-start-") as name:
        data = Path(name)
        data.chmod(0o711)
        floor = _floor()
        _print("start.first", _start(data, port), floor, None)
        later, floors = [], []
        for _ in range(ROUNDS):
            # Until the sign of life of the stopped worker counts no more.
            time.sleep(LONGEST_SILENCE.total_seconds() + 1)
            floors.append(_floor())
            later.append(_start(data, port))
        _print("start.second", statistics.median(later), statistics.median(floors), SECOND_START)


if __name__ == "__main__":
    main()
