"""Signing and checking by size of the file (`python -m benchmarks.signing [sign deferred …]`).

Floor: SHA-256 of the file and one RSA-2048 operation, by turns with what is measured. CPU time of
this process, medians. `memory` is the high-water mark of a fresh process that does one thing.
"""

import hashlib
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from benchmarks import papers
from benchmarks.line import end, report
from benchmarks.papers import NOW, SIZES, Desk
from office import garbage
from signing.placement import place_person
from signing.signer import SignRequest, SignRole, complete, prepare, sign_pdf

ROUNDS = 9
#: milliseconds above the floor for the small sizes, times the floor for the large one
BOUNDS = {"sign": (60, 6), "deferred": (70, 8), "validate": (80, 10)}
LARGE = "24 MB"
MEMORY = {"sign": 220, "validate": 300}


def _cpu(call: Callable[[], object]) -> float:
    started = time.process_time()
    call()
    return (time.process_time() - started) * 1_000


def _measure(what: str, size: str, floor: Callable[[], object], call: Callable[[], object]) -> bool:
    floors: list[float] = []
    values: list[float] = []
    call()
    for _ in range(ROUNDS):
        floors.append(_cpu(floor))
        values.append(_cpu(call))
    value, least = statistics.median(values), statistics.median(floors)
    above, times = BOUNDS[what]
    large = size == LARGE
    return report(
        f"{what}, {size}", value, "ms CPU", floor=least, ratio=value / least,
        bound=f"<= {times} x floor" if large else f"<= floor + {above} ms",
        ok=value <= times * least if large else value <= least + above,
    )  # fmt: skip


def _floor(pdf: bytes, desk: Desk) -> None:
    hashlib.sha256(pdf).digest()
    desk.person.sign(b"floor", "sha256")


def _request(pdf: bytes, desk: Desk) -> SignRequest:
    image = desk.picture("chutich")
    place = place_person(pdf, name=papers.SIGNER, image=image, position="CHỦ TỊCH")
    return SignRequest(SignRole.APPROVE, NOW, place, image, name=papers.SIGNER, position="Chủ tịch")


def _sign(desk: Desk) -> list[bool]:
    """Sign at level B, visibly: the picture in its place."""
    results = []
    for size, length in SIZES.items():
        pdf = papers.paper(length)
        call = partial(sign_pdf, pdf, _request(pdf, desk), desk.person)
        results.append(_measure("sign", size, partial(_floor, pdf, desk), call))
    return results


def _deferred(desk: Desk) -> list[bool]:
    """Prepare, let the key sign what was prepared as a token would, complete."""
    results = []
    for size, length in SIZES.items():
        pdf = papers.paper(length)
        call = partial(_prepare_and_complete, desk, pdf, _request(pdf, desk))
        results.append(_measure("deferred", size, partial(_floor, pdf, desk), call))
    return results


def _prepare_and_complete(desk: Desk, pdf: bytes, request: SignRequest) -> None:
    prepared = prepare(pdf, request, desk.person.certificate(), desk.person.chain())
    complete(prepared, desk.person.sign(prepared.to_be_signed, "sha256"))


def _memory(desk: Desk) -> list[bool]:
    """Let a fresh process of its own do it once with the largest file."""
    folder = desk.folder
    (folder / "large.pdf").write_bytes(papers.paper(SIZES[LARGE]))
    results = []
    for what, most in MEMORY.items():
        done = subprocess.run(
            [sys.executable, "-m", "benchmarks.signing", f"once-{what}", str(folder)],
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        value = int(done.stdout) / 1_024
        results.append(
            report(f"memory, {what} {LARGE}", value, "MB", bound=f"<= {most}", ok=value <= most)
        )
    return results


def _once(what: str, folder: Path) -> None:
    """Do one thing and print the most memory this process ever held, in kB."""
    desk = papers.open_desk(folder)
    pdf = (folder / "large.pdf").read_bytes()
    if what == "sign":
        sign_pdf(pdf, _request(pdf, desk), desk.person)
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)


PARTS: dict[str, Callable[[Desk], list[bool]]] = {
    "sign": _sign,
    "deferred": _deferred,
    "memory": _memory,
}


def main() -> None:
    """Measure the parts that are named, all by default."""
    with garbage.loading():
        pass
    named = sys.argv[1:]
    if named and named[0].startswith("once-"):
        _once(named[0].removeprefix("once-"), Path(named[1]))
        return
    with tempfile.TemporaryDirectory(prefix="congvan-bench-") as folder:
        papers.make_authority(Path(folder))
        desk = papers.open_desk(Path(folder))
        end([ok for name in named or PARTS for ok in PARTS[name](desk)])


if __name__ == "__main__":
    main()
