"""The words of a verdict (kết luận kiểm tra chữ ký số) as codes; `signing.wording` says them."""

from enum import StrEnum


class Verdict(StrEnum):
    """What can be said of a signature, and of a document: the worst of its signatures."""

    VALID = "valid"
    UNDETERMINED = "undetermined"
    INVALID = "invalid"
    UNSIGNED = "unsigned"


#: the worst verdict of the parts is that of the whole
WORST = (Verdict.INVALID, Verdict.UNDETERMINED, Verdict.UNSIGNED, Verdict.VALID)


class Level(StrEnum):
    """How long a signature can be proven (mức chữ ký PAdES)."""

    B = "B"
    T = "T"
    LT = "LT"
    LTA = "LTA"


class Reason(StrEnum):
    """Why a verdict is not simply valid (lý do)."""

    NONE = ""
    NO_SIGNATURE = "no-signature"
    UNREADABLE = "unreadable"
    FORMAT_FAILURE = "format-failure"
    TAIL_MISMATCH = "tail-mismatch"
    ENCRYPTED = "encrypted"
    UNSUPPORTED = "unsupported"
    HASH_FAILURE = "hash-failure"
    CRYPTO_FAILURE = "crypto-failure"
    CONTENT_CHANGED = "content-changed"
    NOT_COVERED = "not-covered"
    UNSIGNED_APPEARANCE = "unsigned-appearance"
    SHOWN_DIFFERENTLY = "shown-differently"
    NOT_COMPARED = "not-compared"
    WEAK_ALGORITHM = "weak-algorithm"
    KEY_USAGE = "key-usage"
    REVOKED = "revoked"
    SIGNED_OUT_OF_TERM = "signed-out-of-term"
    TERM_NOT_PROVEN = "term-not-proven"
    UNKNOWN_AUTHORITY = "unknown-authority"
    REVOCATION_UNKNOWN = "revocation-unknown"
    MISSING_ROLE = "missing-role"
    #: nobody looked into it
    TOO_LARGE = "file-too-large"
    LIMIT_EXCEEDED = "limit-exceeded"
    OTHER = "other"


class Remark(StrEnum):
    """What the reader should know beside the verdict (lưu ý)."""

    HYBRID = "hybrid-file"
    OVERLAP = "signatures-overlap"
    LARGE = "signature-covers-page"
    EMPTY_FIELD = "empty-field-added"
    #: of reports of version 1: the proofs of time were not evaluated then
    TIMESTAMP_UNUSED = "timestamp-not-evaluated"
    TIMESTAMP_UNPROVEN = "timestamp-proves-nothing"
    #: only a list made after the certificate's term was at hand
    LATE_LIST = "revocation-list-of-later"
    FUTURE = "signed-in-future"
    UNEXPECTED_SIGNER = "unexpected-signer"
    TITLE_CHANGED = "title-changed"
    PARTLY_COMPARED = "pages-partly-compared"


class Modification(StrEnum):
    """What was added behind a signature (phần bổ sung sau khi ký)."""

    SIGNATURE = "signature"
    TIMESTAMP = "timestamp"
    EVIDENCE = "evidence"
    METADATA = "metadata"
    FORBIDDEN = "forbidden"


class RevocationSource(StrEnum):
    """Where it was looked up whether a certificate was withdrawn (nguồn thông tin thu hồi)."""

    CRL = "crl"
    OCSP = "ocsp"
