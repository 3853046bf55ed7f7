"""Proofs of time from timestamping authorities (dấu thời gian, RFC 3161)."""

import asyncio
import hashlib
import secrets
from collections.abc import Callable, Iterable, Sequence
from copy import copy
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from asn1crypto import cms, core, tsp, x509
from pyhanko.sign.timestamps import TimeStamper
from pyhanko.sign.validation.generic_cms import validate_tst_signed_data
from pyhanko_certvalidator import ValidationContext

from signing.addresses import AllowList
from signing.errors import AddressRefused, AnswerRefused, NotReachable, SigningError
from signing.fetching import Fetcher
from signing.policy import ValidationPolicy
from signing.proof_errors import ClockAstray, TimestampRefused, TimestampUnavailable
from signing.trust import AnchorRole, Trust

#: seconds one address may take
TIMEOUT = 5.0
#: how often the addresses are gone through
ROUNDS = 2
#: bytes; a timestamp with its certificates takes four to eight thousand
LARGEST_ANSWER = 64 * 1024
#: how far our clock and that of an authority may differ
MOST_SKEW = timedelta(minutes=5)
#: how long an address that failed is asked after the others
REST = timedelta(minutes=1)

_KIND = "application/timestamp-query"
_GRANTED = {"granted", "granted_with_mods"}


@dataclass(frozen=True)
class Stamped:
    """A timestamp as it was received: from where, what time it states, by whose certificate."""

    url: str
    at: datetime
    authority: str
    policy: str
    serial: str
    #: until when the authority's certificate is in force
    valid_until: datetime
    #: how far the authority's clock is ahead of ours
    ahead: timedelta


class TimestampClient(TimeStamper):
    """Asks authorities for timestamps, one address after the other (máy chủ dấu thời gian).

    An answer counts when it stamps our digest under our nonce, is signed by a certificate that
    leads to an anchor of role `tsa`, and its time is within `most_skew` of `clock`. `policies`
    are the OIDs that are accepted; none means any. `policy` says which algorithms count.
    A name that leads to a private address is asked only in `networks`, as for revocation lists.
    Where timestamps are not `is_required`, a signature is made without when none can be had.
    """

    def __init__(
        self,
        urls: Sequence[str],
        trust: Trust | Callable[[], Trust],
        *,
        clock: Callable[[], datetime],
        timeout: float = TIMEOUT,
        most_skew: timedelta = MOST_SKEW,
        policies: Iterable[str] = (),
        policy: ValidationPolicy | None = None,
        networks: Iterable[str] = (),
        is_required: bool = True,
    ) -> None:
        super().__init__()
        self._urls = tuple(urls)
        self._trust: Callable[[], Trust] = (lambda: trust) if isinstance(trust, Trust) else trust
        self._clock = clock
        self._fetcher = Fetcher(
            AllowList(self._urls),
            tuple(networks),
            seconds=timeout,
            largest=LARGEST_ANSWER,
            attempts=1,
            redirects=0,
        )
        self._most_skew = most_skew
        self._policies = frozenset(policies)
        self._policy = policy or ValidationPolicy()
        self.is_required = is_required
        self._failed_at: dict[str, datetime] = {}
        #: what the last timestamp was
        self.last: Stamped | None = None

    async def async_timestamp(self, message_digest: bytes, md_algorithm: str) -> cms.ContentInfo:
        """Return a timestamp over a digest; pyHanko calls this.

        Raise `TimestampUnavailable` when no address answers, `TimestampRefused` when no answer
        can be used, `ClockAstray` when it states another time than our clock.
        """
        if not self.is_required and self._urls and not self._rested():
            # nobody waits again for what just failed; the time is proven later
            raise TimestampUnavailable(reason="mới hỏi không được, sẽ hỏi lại sau ít phút")
        troubles: dict[str, SigningError] = {}
        for _ in range(ROUNDS):
            for url in self._in_order():
                # an authority that answered will not answer otherwise a moment later
                if not isinstance(troubles.get(url, _UNTRIED), TimestampUnavailable):
                    continue
                try:
                    token, self.last = await self._ask(url, message_digest, md_algorithm)
                except SigningError as error:
                    troubles[url] = error
                    self._failed_at[url] = self._clock()
                else:
                    self._failed_at.pop(url, None)
                    return token
        raise _worst(troubles)

    def probe(self) -> dict[str, Stamped | SigningError]:
        """Ask each address once for a timestamp of nothing, and return what came of it."""
        digest = hashlib.sha256(b"").digest()

        async def ask_all() -> dict[str, Stamped | SigningError]:
            found: dict[str, Stamped | SigningError] = {}
            for url in self._urls:
                try:
                    found[url] = (await self._ask(url, digest, "sha256"))[1]
                except SigningError as error:
                    found[url] = error
            return found

        return asyncio.run(ask_all())

    def for_archive(self) -> "TimestampClient":
        """Return the same client for one who can do nothing without a timestamp."""
        client = copy(self)
        client.is_required = True
        return client

    def _in_order(self) -> list[str]:
        rested = self._rested()
        return sorted(self._urls, key=lambda url: url not in rested)

    def _rested(self) -> set[str]:
        """Return the addresses that did not fail a moment ago."""
        now = self._clock()
        return {
            url
            for url in self._urls
            if url not in self._failed_at or now - self._failed_at[url] >= REST
        }

    async def _ask(
        self, url: str, digest: bytes, algorithm: str
    ) -> tuple[cms.ContentInfo, Stamped]:
        nonce = secrets.randbits(63) | 1
        imprint = {"hash_algorithm": {"algorithm": algorithm}, "hashed_message": digest}
        asked = tsp.TimeStampReq(
            {"version": 1, "message_imprint": imprint, "nonce": nonce, "cert_req": True}
        )
        try:
            answer = self._fetcher.fetch(url, body=asked.dump(), kind=_KIND).body
        except (AddressRefused, AnswerRefused, NotReachable) as error:
            reason = error.fields.get("reason") or error.text("vi")
            raise TimestampUnavailable(reason=f"{url}: {reason}") from error
        try:
            token = _token(answer)
            content = _content(token, asked, self._policies)
            certificate = await self._signer(token, digest, content["gen_time"].native)
        except (_Wrong, ValueError, TypeError, KeyError) as error:
            raise TimestampRefused(reason=f"{url}: {error}") from error
        return token, self._stamped(url, content, certificate)

    async def _signer(self, token: Any, digest: bytes, at: datetime) -> x509.Certificate:
        """Return the certificate that signed, once it leads to an anchor at the stated time."""
        trust = self._trust()
        context = ValidationContext(
            trust_manager=trust.manager(AnchorRole.TSA, at),
            other_certs=[x509.Certificate.load(one) for one in trust.issuers],
            moment=at,
            allow_fetching=False,
            # whether it was withdrawn is asked when the proof is completed
            revocation_mode="soft-fail",
            algorithm_usage_policy=self._policy.usable_algorithms(),
        )
        try:
            status = await validate_tst_signed_data(token["content"], context, lambda _: digest)
        except Exception as error:
            raise _Wrong(f"{type(error).__name__}: {error}") from error
        if not (status["intact"] and status["valid"]):
            raise _Wrong("chữ ký trên dấu thời gian không đúng")
        if status["trust_problem_indic"] is not None:
            raise _Wrong("nơi cấp dấu thời gian không có trong danh sách tin cậy")
        signer: x509.Certificate = status["signing_cert"]
        return signer

    def _stamped(self, url: str, content: Any, certificate: x509.Certificate) -> Stamped:
        at: datetime = content["gen_time"].native
        ahead = at - self._clock()
        if abs(ahead) > self._most_skew:
            raise ClockAstray(
                url=url,
                ours=_shown(self._clock()),
                theirs=_shown(at),
                seconds=round(abs(ahead).total_seconds()),
            )
        name = certificate.subject.native.get("common_name", "")
        return Stamped(
            url,
            at,
            name if isinstance(name, str) else ", ".join(name),
            content["policy"].native,
            f"{content['serial_number'].native:x}",
            certificate.not_valid_after,
            ahead,
        )


class _Wrong(Exception):
    """What is wrong with an answer."""


class _Answer(core.Sequence):
    # asn1crypto's own class knows no answer without a timestamp, yet a refusal has none
    _fields = [  # noqa: RUF012 - so the library wants it
        ("status", tsp.PKIStatusInfo),
        ("token", cms.ContentInfo, {"optional": True}),
    ]


_UNTRIED = TimestampUnavailable(reason="")


def _token(answer: bytes) -> cms.ContentInfo:
    parsed = _Answer.load(answer, strict=True)
    status = parsed["status"]
    if status["status"].native not in _GRANTED:
        said = [status["status"].native, *(status["status_string"].native or ())]
        raise _Wrong(": ".join(map(str, said)))
    token = parsed["token"]
    if not isinstance(token, cms.ContentInfo) or token["content_type"].native != "signed_data":
        raise _Wrong("không có dấu thời gian")
    return token


def _content(token: Any, asked: tsp.TimeStampReq, policies: frozenset[str]) -> Any:
    """Return what a token states, once it answers the question that was asked."""
    data = token["content"]
    if data["encap_content_info"]["content_type"].native != "tst_info":
        raise _Wrong("nội dung không phải dấu thời gian")
    if len(data["signer_infos"]) != 1 or len(data["certificates"] or ()) == 0:
        raise _Wrong("không kèm chứng thư số của nơi cấp dấu thời gian")
    content = data["encap_content_info"]["content"].parsed
    if content["nonce"].native != asked["nonce"].native:
        raise _Wrong("trả lời cho yêu cầu khác (nonce)")
    stamped, meant = content["message_imprint"], asked["message_imprint"]
    if (
        stamped["hashed_message"].native != meant["hashed_message"].native
        or stamped["hash_algorithm"]["algorithm"].native
        != meant["hash_algorithm"]["algorithm"].native
    ):
        raise _Wrong("dấu thời gian của dữ liệu khác")
    if policies and content["policy"].native not in policies:
        raise _Wrong(f"chính sách {content['policy'].native} không được chấp nhận")
    return content


def _worst(troubles: dict[str, SigningError]) -> SigningError:
    """Return the error that tells most: a clock that every answer contradicts is ours."""
    answered = [one for one in troubles.values() if not isinstance(one, TimestampUnavailable)]
    if not answered:
        reasons = "; ".join(str(one.fields["reason"]) for one in troubles.values())
        return TimestampUnavailable(reason=reasons or "chưa cấu hình địa chỉ nào")
    if all(isinstance(one, ClockAstray) for one in answered):
        return answered[0]
    refused = [one for one in answered if isinstance(one, TimestampRefused)]
    return TimestampRefused(reason="; ".join(str(one.fields["reason"]) for one in refused))


def _shown(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
