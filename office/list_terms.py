"""The terms of revocation lists (hạn của danh sách thu hồi): fetched ones, those laid by hand."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509

from office.finding import Finding, Level
from office.trust import revocation_folder
from signing.addresses import AllowList
from signing.errors import SigningError
from signing.fetching import Fetcher
from signing.revocation import load_revocation
from signing.revocation_cache import RevocationCache
from signing.revocation_entry import Kind
from signing.trust import TRUST_FILE
from signing.zone import shown


def look_at_lists(signing: Path) -> Iterator[Finding]:
    """Tell of lists of withdrawn certificates that are out of term or could not be renewed."""
    now = datetime.now(UTC)
    cache = RevocationCache(revocation_folder(signing), Fetcher(AllowList()))
    found = [one for one in cache.entries() if one.wanted.kind is Kind.LIST]
    for one in found:
        until = shown(one.next_update) or "-"
        if one.is_current(now) and not one.failures:
            continue
        yield Finding(
            "revocation",
            Level.NOTE if one.is_current(now) else Level.PROBLEM,
            f"{one.wanted.url}: hạn {until}; {one.problem_text}".strip("; "),
            f"{one.wanted.url}: in term until {until}; {one.problem or 'not renewed'}",
        )
    laid = []
    try:
        laid = list(load_revocation(signing / "trust").lists)
    except SigningError as error:
        if (signing / "trust" / TRUST_FILE).exists():
            yield Finding("revocation", Level.PROBLEM, error.text("vi"), error.text("en"))
    for by_hand in laid:
        ends = x509.load_der_x509_crl(by_hand.der).next_update_utc
        if ends is None or ends < now:
            yield Finding(
                "revocation",
                Level.PROBLEM,
                f"{by_hand.url}: danh sách chép tay đã hết hạn {shown(ends)}; chép bản mới vào",
                f"{by_hand.url}: laid by hand, in term until {shown(ends) or '?'}; lay a newer one",
            )
    fetched, copied = len(found), len(laid)
    yield Finding(
        "revocation",
        Level.OK,
        f"{fetched + copied} danh sách thu hồi ({fetched} tải về, {copied} chép tay)",
        f"{fetched + copied} revocation lists ({fetched} fetched, {copied} laid by hand)",
    )
