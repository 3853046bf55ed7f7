"""Signing and checking by size of the file (`python -m benchmarks.signing [sign deferred …]`).

Floor: SHA-256 of the file and one RSA-2048 operation, by turns with what is measured. CPU time of
this process, medians. `memory` is the high-water mark of a fresh process that does one thing.
"""

import hashlib
import re
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
from benchmarks.papers import LATER, NOW, SIZES, Desk
from office import garbage
from signing import shortcuts
from signing.keystores.pin_tries import FileTries
from signing.keystores.pkcs11 import Pkcs11KeyStore, TokenKey
from signing.report import Verdict
from signing.revocation import Revocation
from signing.signer import SignRequest, complete, prepare, sign_pdf
from signing.testing import Pki
from signing.testing.soft_token import soft_library, soft_tokens
from signing.trust import Trust, load_trust
from signing.validation import validate_pdf

ROUNDS = 9
BATCH = 100
PIN = "188-188"
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


def _sign(pki: Pki) -> list[bool]:
    """Sign at level B, visibly: the picture in its place."""
    desk = papers.open_desk(pki.folder)
    results = []
    for size, length in SIZES.items():
        pdf = papers.paper(length)
        call = partial(sign_pdf, pdf, papers.by_person(pdf, desk), desk.person)
        results.append(_measure("sign", size, partial(_floor, pdf, desk), call))
    return results


def _deferred(pki: Pki) -> list[bool]:
    """Prepare, let the key sign what was prepared as a token would, complete."""
    desk = papers.open_desk(pki.folder)
    results = []
    for size, length in SIZES.items():
        pdf = papers.paper(length)
        call = partial(_prepare_and_complete, desk, pdf, papers.by_person(pdf, desk))
        results.append(_measure("deferred", size, partial(_floor, pdf, desk), call))
    return results


def _prepare_and_complete(desk: Desk, pdf: bytes, request: SignRequest) -> None:
    prepared = prepare(pdf, request, desk.person.certificate(), desk.person.chain())
    complete(prepared, desk.person.sign(prepared.to_be_signed, "sha256"))


def _validate(pki: Pki) -> list[bool]:
    """Check two signatures with all their proofs in the file, nothing beside it, no network."""
    trust = load_trust(pki.trust_folder)
    results = []
    for size, length in SIZES.items():
        pdf = papers.kept(pki, papers.paper(length))
        call = partial(_check, pdf, trust)
        results.append(
            _measure("validate", size, partial(_floor, pdf, papers.open_desk(pki.folder)), call)
        )
    return results


def _check(pdf: bytes, trust: Trust) -> None:
    shortcuts.forget()  # each document brings certificates of its own
    found = validate_pdf(pdf, trust=trust, revocation=Revocation(), at=LATER)
    assert found.verdict is Verdict.VALID, found.text("en")


def _batch(pki: Pki) -> list[bool]:
    """Log in to a soft token once and sign a hundred, against one signature on an open token."""
    library = soft_library()
    if library is None:
        print("batch: needs SoftHSM (apt install softhsm2)", file=sys.stderr)
        return [False]
    desk, pdf = papers.open_desk(pki.folder), papers.paper(SIZES["85 kB"])
    request = papers.by_person(pdf, desk)
    with soft_tokens(pki.folder, library) as tokens:
        tokens.make("con-dau", PIN)
        tokens.put("con-dau", PIN, pki.keystore("chutich"), papers.PASSPHRASE, label="khóa")
        open_token = partial(
            Pkcs11KeyStore, TokenKey(library, "con-dau", "khóa"), PIN,
            tries=FileTries(pki.folder / "tries"), at=NOW,
        )  # fmt: skip
        singles, batches = [], []
        with open_token() as token:
            sign_pdf(pdf, request, token)
        for _ in range(3):
            with open_token() as token:
                singles += [_cpu(partial(sign_pdf, pdf, request, token)) for _ in range(15)]
            batches.append(_cpu(partial(_sign_all, open_token, [pdf] * BATCH, request)) / BATCH)
    each, single = statistics.median(batches), statistics.median(singles)
    return [
        report(
            f"batch of {BATCH} on a soft token, each", each, "ms CPU", floor=single,
            ratio=each / single, bound="<= 1.3 x single", ok=each <= 1.3 * single,
        )
    ]  # fmt: skip


def _sign_all(
    open_token: Callable[[], Pkcs11KeyStore], pdfs: list[bytes], request: SignRequest
) -> None:
    with open_token() as token:
        for pdf in pdfs:
            sign_pdf(pdf, request, token)


def _memory(pki: Pki) -> list[bool]:
    """Let a fresh process of its own do it once with the largest file."""
    (pki.folder / "sign.pdf").write_bytes(papers.paper(SIZES[LARGE]))
    (pki.folder / "validate.pdf").write_bytes(papers.kept(pki, papers.paper(SIZES[LARGE])))
    results = []
    for what, most in MEMORY.items():
        done = subprocess.run(
            [sys.executable, "-m", "benchmarks.signing", f"once-{what}", str(pki.folder)],
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        value = int(done.stdout) / 1_024
        results.append(
            report(f"memory, {what} {LARGE}", value, "MB", bound=f"<= {most}", ok=value <= most)
        )
    return results


def _once(what: str, folder: Path) -> None:
    """Do one thing and print the most memory this process ever held, in kB."""
    pdf = (folder / f"{what}.pdf").read_bytes()
    if what == "sign":
        desk = papers.open_desk(folder)
        sign_pdf(pdf, papers.by_person(pdf, desk), desk.person)
    else:
        _check(pdf, load_trust(folder / "trust"))
    # what getrusage() says includes the process this one was started from
    status = Path("/proc/self/status").read_text(encoding="ascii")
    print(re.findall(r"VmHWM:\s+(\d+) kB", status)[0])


PARTS: dict[str, Callable[[Pki], list[bool]]] = {
    "sign": _sign,
    "deferred": _deferred,
    "validate": _validate,
    "batch": _batch,
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
        pki = papers.make_authority(Path(folder))
        end([ok for name in named or PARTS for ok in PARTS[name](pki)])


if __name__ == "__main__":
    main()
