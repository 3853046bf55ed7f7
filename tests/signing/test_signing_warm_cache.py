"""Keeping files with lists that were fetched once: no further request for any of them."""

from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from list_server import list_server

from signing.addresses import AllowList
from signing.archive import Archive
from signing.fetching import Fetcher
from signing.keystores.pkcs12 import Pkcs12KeyStore
from signing.report import Level, Verdict
from signing.revocation import Revocation
from signing.revocation_cache import RevocationCache
from signing.signer import SignRequest, SignRole, sign_pdf
from signing.testing import Holder, Terms, TsaServer, Use
from signing.testing.authority import Authority
from signing.timestamps import TimestampClient
from signing.trust import Anchor, AnchorRole, Trust
from signing.validation import validate_pdf
from tests.signing.conftest import PASSPHRASE

DAY = timedelta(days=1)


@pytest.fixture
def lists():
    with list_server() as found:
        yield found


@pytest.fixture
def authorities(lists, now):
    """Return who issues to signers and who to authorities of time; their lists can be had."""
    return [
        Authority(name, now, prefix=prefix, lists_at=f"{lists.url}/")
        for name, prefix in (("người ký", ""), ("dấu thời gian", "tsa-"))
    ]


def serve(lists, authorities, at) -> None:
    for authority in authorities:
        for tier in ("root", "issuing"):
            path = authority.list_address(tier).removeprefix(lists.url)
            lists.pages[path] = authority.revocation_list(at, tier=tier)


def test_with_a_warm_cache_no_list_is_asked_for(lists, authorities, draft, now, tmp_path):
    later = now + 2 * DAY
    serve(lists, authorities, later)
    roles = (AnchorRole.SIGNER, AnchorRole.TSA)
    trust = Trust(
        tuple(
            Anchor(one.name, role, one.root.public_bytes(Encoding.DER), now - DAY, now + 9 * DAY)
            for one, role in zip(authorities, roles, strict=True)
        )
    )
    signer, stamper = authorities
    key = Pkcs12KeyStore(
        signer.issue(Holder("a", "Người ký"), now).keystore(PASSPHRASE), PASSPHRASE
    )
    cache = RevocationCache(tmp_path, Fetcher(AllowList((f"{lists.url}/",)), seconds=5.0))
    moment = [now]

    def judge(pdf: bytes, known: Revocation | None = None):
        known = known or cache.revocation()
        return validate_pdf(pdf, trust=trust, revocation=known, at=moment[0])

    with TsaServer(
        stamper.issue(Holder("t", "TSA"), now, Terms(use=Use.TIMESTAMPING)), lambda: moment[0]
    ) as tsa:
        stamps = TimestampClient([tsa.url], trust, clock=lambda: moment[0])
        files = [sign_pdf(draft, SignRequest(SignRole.APPROVE, now), key, stamps) for _ in range(3)]
        moment[0] = later
        archive = Archive(trust, cache, stamps, judge)
        first, *others = files
        archive.add_evidence(first, later)
        asked = lists.requests.total()
        assert asked == 4  # one for each list of two roots and two issuers
        for pdf in others:
            kept = archive.add_evidence(pdf, later)
            alone = judge(kept, Revocation())
            assert (alone.verdict, alone.signatures[0].level) == (Verdict.VALID, Level.LT)
        assert lists.requests.total() == asked
        # a cold cache asks again: the count can move
        cold = RevocationCache(
            tmp_path / "cold", Fetcher(AllowList((f"{lists.url}/",)), seconds=5.0)
        )
        Archive(trust, cold, stamps, judge).add_evidence(others[0], later)
        assert lists.requests.total() == 2 * asked
