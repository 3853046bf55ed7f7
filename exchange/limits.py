"""How much one message may hold (giới hạn gói tin)."""

from dataclasses import dataclass
from typing import Final

MEGABYTE = 1_000_000


@dataclass(frozen=True)
class Limits:
    """Caps a reader and a writer keep; sizes in bytes.

    The axis states no size limit of its own; base64 makes a message a third larger than its files.
    """

    message: int = 100 * MEGABYTE
    #: all attachments together, unpacked
    unpacked: int = 300 * MEGABYTE
    #: a packed file may grow this many times, once it is larger than `zip_floor`
    zip_ratio: int = 200
    zip_floor: int = 16 * MEGABYTE
    attachments: int = 500
    #: all text outside the files
    text: int = 8 * MEGABYTE
    elements: int = 150_000
    depth: int = 40


DEFAULT_LIMITS: Final = Limits()
