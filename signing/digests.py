"""The bytes of a file hashed once (mã băm), though signatures cover much of the same."""

import hashlib
from collections.abc import Sequence
from typing import Any

from pyhanko.sign.validation import EmbeddedPdfSignature


class Digests:
    """Digests of one file's ranges; where ranges begin alike, the beginning is hashed once."""

    def __init__(self, pdf: bytes) -> None:
        self._pdf = memoryview(pdf)
        #: how far each algorithm has come, in order
        self._reached: dict[str, list[tuple[int, Any]]] = {}

    def of_file(self, algorithm: str = "sha256") -> str:
        """Return the digest of the whole file, in hexadecimal."""
        return str(self._from_start(algorithm, len(self._pdf)).hexdigest())

    def of_ranges(self, ranges: Sequence[int], algorithm: str) -> bytes | None:
        """Return the digest of two ranges, or None for what is no ordinary ByteRange."""
        if len(ranges) != 4 or not all(isinstance(one, int) for one in ranges):
            return None
        start, length, behind, rest = ranges
        if start or not 0 <= length <= behind or rest < 0 or behind + rest > len(self._pdf):
            return None
        if algorithm not in hashlib.algorithms_guaranteed or algorithm.startswith("shake"):
            return None
        state = self._from_start(algorithm, length).copy()
        state.update(self._pdf[behind : behind + rest])
        return bytes(state.digest())

    def _from_start(self, algorithm: str, end: int) -> Any:
        reached = self._reached.setdefault(algorithm, [(0, hashlib.new(algorithm))])
        known, state = max((one for one in reached if one[0] <= end), key=lambda one: one[0])
        if known < end:
            state = state.copy()
            state.update(self._pdf[known:end])
            reached.append((end, state))
        return state


def open_signature(reader: Any, field: Any, name: str, digests: Digests) -> EmbeddedPdfSignature:
    """Return the signature of a filled field, knowing its digest already."""
    signature = EmbeddedPdfSignature(reader, field, name)
    algorithm = signature.external_md_algorithm
    digest = digests.of_ranges(signature.byte_range, algorithm)
    if digest is not None:
        signature.external_digests[algorithm] = digest
    return signature
