"""Reading a packet of 1.2 MB (`python -m benchmarks.edxml`): raw, packed, 300 addressees.

The floor is what nobody is spared: base64 decoding of the file, SHA-256 and lxml's parse of the
same bytes, by turns.
"""

import base64
import gc
import random
import statistics
import time
from collections.abc import Callable
from datetime import date
from hashlib import sha256

from lxml import etree

from benchmarks.line import end, report
from exchange.document_type import document_type
from exchange.edxml import read, write
from exchange.envelope import Attachment, Code, Envelope, Party

ROUNDS, BOUND, SIZE = 61, 3, 1_200_000


def _message(files: tuple[Attachment, ...], receivers: int) -> Envelope:
    return Envelope(
        sender=Party("H55.07", "Sở Tài chính"),
        receivers=tuple(Party(f"H55.{n}", f"Cơ quan thứ {n}") for n in range(receivers)),
        code=Code("512", "STC-QLNS"),
        promulgated_on=date(2026, 11, 27),
        document_type=document_type("Công văn"),
        subject="V/v quyết toán ngân sách năm 2026",
        document_id="H55.07,2026/11/27,512/STC-QLNS",
        attachments=files,
    )


def _cases() -> dict[str, Envelope]:
    noise = random.Random(188)  # the same in every run, and nothing shrinks it
    scan = Attachment.of("cong-van.pdf", b"%PDF-1.7 " + noise.randbytes(SIZE * 3 // 4 - 3_000))
    table = Attachment.of("phu-luc.xlsx", noise.randbytes(SIZE * 3 // 4 - 3_000))
    small = Attachment.of("cong-van.pdf", b"%PDF-1.7 " + noise.randbytes(SIZE * 3 // 4 - 60_000))
    return {
        "a raw file": _message((scan,), 1),
        "a packed file": _message((table,), 1),
        "300 addressees": _message((small,), 300),
    }


def _timed(call: Callable[[], object]) -> float:
    started = time.perf_counter()
    call()
    return (time.perf_counter() - started) * 1e3


def _measure(name: str, envelope: Envelope) -> bool:
    data = write(envelope)
    (encoded,) = etree.fromstring(data).iterfind(".//{*}ContentTransferEncoded")
    text = encoded.text or ""

    def floor() -> None:
        base64.b64decode(text)
        sha256(data).digest()
        etree.fromstring(data)

    assert read(data) == envelope
    ours: list[float] = []
    least: list[float] = []
    for _ in range(ROUNDS):
        least.append(_timed(floor))
        ours.append(_timed(lambda: read(data)))
    ratio = statistics.median(a / b for a, b in zip(ours, least, strict=True))
    value, beside = statistics.median(ours), statistics.median(least)
    return report(
        f"edxml: reading {name}", value, "ms", floor=beside, ratio=ratio, size=len(data),
        bound=f"<= {BOUND}", ok=ratio <= BOUND,
    )  # fmt: skip


def main() -> None:
    """Read each packet by turns with its floor."""
    gc.collect()
    end([_measure(name, envelope) for name, envelope in _cases().items()])


if __name__ == "__main__":
    main()
