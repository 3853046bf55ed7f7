"""Timestamps that stand by themselves (dấu thời gian rời): over a digest, in no document."""

import asyncio
from datetime import datetime

from asn1crypto import cms

from signing.digests import Digests
from signing.evidence import evidence_at_hand
from signing.judgement import Judge
from signing.policy import ValidationPolicy
from signing.proof import check_token
from signing.report import Reason, TimestampReport, Verdict
from signing.revocation import Revocation
from signing.trust import Trust

#: what speaks against a timestamp whoever made it
FORGED = frozenset({Reason.HASH_FAILURE, Reason.CRYPTO_FAILURE, Reason.FORMAT_FAILURE})


class StampCheck:
    """Judges timestamps of one line, the newest first (kiểm tra dấu thời gian).

    What a newer one covers is judged at the time it proves, so that a certificate that has expired
    since speaks against nothing; the newest is judged `now`.
    """

    def __init__(
        self, trust: Trust, revocation: Revocation, policy: ValidationPolicy, *, now: datetime
    ) -> None:
        evidence = evidence_at_hand(trust, revocation)
        self._judge = Judge(trust, policy, evidence, now, Digests(b""))
        self._at = now

    def judge(self, token: bytes, digest: bytes, algorithm: str) -> TimestampReport:
        """Return what can be said of a token (DER) over `digest`; never raise."""
        try:
            data = _signed(token)
        except (ValueError, TypeError, KeyError) as error:
            ades = type(error).__name__
            return TimestampReport(Verdict.INVALID, Reason.FORMAT_FAILURE, ades=ades)
        # another algorithm stamps something that is not our digest
        imprint = {algorithm: digest}
        report = asyncio.run(
            check_token(data, lambda one: imprint.get(one, b""), self._judge, self._at)
        )
        if report.verdict is Verdict.VALID and report.stamped_at is not None:
            self._at = min(self._at, report.stamped_at)
        return report


def _signed(token: bytes) -> cms.SignedData:
    content = cms.ContentInfo.load(token, strict=True)
    if content["content_type"].native != "signed_data":
        raise ValueError(content["content_type"].native)
    return content["content"]
