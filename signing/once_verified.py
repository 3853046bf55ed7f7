"""A signature under a certificate or a list, verified once (xác minh một lần) in one check."""

import hashlib
from typing import Any

from pyhanko_certvalidator.sig_validate import (
    DEFAULT_VALIDATION_CONTEXT,
    DefaultSignatureValidator,
    SignatureValidationContext,
)


class OnceVerified(DefaultSignatureValidator):
    """Remembers what held: the same lists stand behind every signature of a document."""

    def __init__(self) -> None:
        self._held: set[bytes] = set()

    def validate_signature(
        self,
        signature: bytes,
        signed_data: bytes,
        public_key_info: Any,
        signature_algorithm: Any,
        context: SignatureValidationContext = DEFAULT_VALIDATION_CONTEXT,
    ) -> None:
        """Raise `InvalidSignature` unless the same bytes were found to hold before, or hold."""
        parts = (
            signature,
            signed_data,
            public_key_info.dump(),
            signature_algorithm.dump(),
            repr(context).encode(),
        )
        # each part by its own digest: no part can reach into the next
        key = hashlib.sha256(b"".join(hashlib.sha256(one).digest() for one in parts)).digest()
        if key in self._held:
            return
        super().validate_signature(
            signature, signed_data, public_key_info, signature_algorithm, context
        )
        self._held.add(key)
