"""Timestamps: who may give them, what is checked, and what happens when nobody does."""

import asyncio
import hashlib
import time
from datetime import timedelta

import pytest
from asn1crypto import cms

from signing.proof_errors import ClockAstray, TimestampRefused, TimestampUnavailable
from signing.testing import Algorithm, Fault, Holder, Lie, Terms, TsaServer, Use
from signing.timestamps import LARGEST_ANSWER, REST, Stamped, TimestampClient
from signing.trust import Trust

DIGEST = hashlib.sha256(b"document").digest()


@pytest.fixture
def server(pki, now):
    with TsaServer(pki.services.tsa, lambda: now) as running:
        yield running


@pytest.fixture
def second(pki, now):
    with TsaServer(pki.services.tsa, lambda: now) as running:
        yield running


@pytest.fixture
def client(trust, now):
    def make(*servers: TsaServer, **settings) -> TimestampClient:
        settings = {"clock": lambda: now, "timeout": 5.0, **settings}
        return TimestampClient([one.url for one in servers], trust, **settings)

    return make


def stamp(client: TimestampClient) -> cms.ContentInfo:
    return asyncio.run(client.async_timestamp(DIGEST, "sha256"))


def test_a_timestamp_says_when_and_by_whom(server, client, now):
    asked = client(server)
    token = stamp(asked)
    content = token["content"]["encap_content_info"]["content"].parsed
    assert content["message_imprint"]["hashed_message"].native == DIGEST
    assert (asked.last.url, asked.last.at) == (server.url, now)
    assert asked.last.authority == "Dấu thời gian thử nghiệm"
    assert asked.last.ahead == timedelta()
    assert len(server.requests) == 1


@pytest.mark.parametrize("lie", [one for one in Lie if one not in {Lie.TIME, Lie.POLICY}])
def test_what_lies_is_refused(server, client, lie):
    asked = client(server)
    server.lying(lie)
    with pytest.raises(TimestampRefused) as caught:
        stamp(asked)
    assert server.url in caught.value.text()
    assert len(server.requests) == 1, "an authority that answered is not asked again"
    server.lying(None)
    stamp(asked)


def test_only_accepted_policies_count(server, client):
    accepted = client(server, policies=[server.tsa.policy])
    stamp(accepted)
    server.lying(Lie.POLICY)
    with pytest.raises(TimestampRefused, match="666"):
        stamp(accepted)
    stamp(client(server))


@pytest.mark.parametrize(
    ("terms", "algorithm"),
    [
        (Terms(Use.SIGNING), Algorithm.EC),
        (Terms(Use.TIMESTAMPING, rsa_bits=1024), Algorithm.RSA),
        (Terms(Use.TIMESTAMPING, term=-timedelta(hours=1)), Algorithm.EC),
    ],
    ids=["wrong use", "short key", "out of term"],
)
def test_a_certificate_that_may_not_stamp_is_refused(pki, now, client, terms, algorithm):
    holder = Holder("x", "Dấu thời gian xấu", algorithm=algorithm)
    issued = pki.services.timestamps.issue(holder, now, terms)
    with TsaServer(issued, lambda: now) as server, pytest.raises(TimestampRefused):
        stamp(client(server))


def test_an_rsa_authority_is_as_good(pki, now, client):
    holder = Holder("x", "Dấu thời gian RSA", algorithm=Algorithm.RSA)
    issued = pki.services.timestamps.issue(holder, now, Terms(Use.TIMESTAMPING))
    with TsaServer(issued, lambda: now) as server:
        stamp(client(server))


def test_the_anchor_must_be_trusted_for_timestamps(pki, server, now, client):
    # issued under the signers' root, which vouches for no timestamps
    issued = pki.services.authority.issue(
        Holder("x", "Người ký đóng dấu thời gian"), now, Terms(Use.TIMESTAMPING)
    )
    with TsaServer(issued, lambda: now) as other, pytest.raises(TimestampRefused, match="tin cậy"):
        stamp(client(other))
    with pytest.raises(TimestampRefused, match="tin cậy"):
        stamp(TimestampClient([server.url], Trust(()), clock=lambda: now))


@pytest.mark.parametrize("fault", list(Fault))
def test_a_failing_server_is_unavailable_and_the_next_one_asked(server, second, client, fault):
    server.fault = fault
    with pytest.raises((TimestampUnavailable, TimestampRefused)) as caught:
        stamp(client(server, timeout=0.3))
    assert caught.value.code in {"timestamp-unavailable", "timestamp-refused"}
    asked = client(server, second, timeout=0.3)
    stamp(asked)
    assert asked.last.url == second.url


def test_a_dropped_connection_is_tried_again(server, client):
    server.fault = Fault.ERROR
    with pytest.raises(TimestampUnavailable, match="HTTP 500"):
        stamp(client(server))
    assert len(server.requests) == 2


def test_who_failed_is_asked_last_for_a_while(server, second, trust, now):
    moment = [now]
    asked = TimestampClient([server.url, second.url], trust, clock=lambda: moment[0])
    server.fault = Fault.ERROR
    stamp(asked)
    stamp(asked)
    assert (len(server.requests), len(second.requests)) == (1, 2)
    moment[0] = now + REST
    server.fault = None
    stamp(asked)
    assert (len(server.requests), len(second.requests)) == (2, 2)


def test_a_slow_answer_is_cut_off_as_a_whole(server, client):
    # each byte comes in time, the answer never does
    server.fault = Fault.TRICKLE
    begun = time.monotonic()
    with pytest.raises(TimestampUnavailable, match=r"quá 0|đứt giữa chừng"):
        stamp(client(server, timeout=0.3))
    assert time.monotonic() - begun < 3


def test_a_flood_is_cut_off(server, client):
    server.fault = Fault.HUGE
    with pytest.raises(TimestampUnavailable, match=str(LARGEST_ANSWER)):
        stamp(client(server))


def test_nobody_there(server, client):
    asked = client(server)
    server.stop()
    with pytest.raises(TimestampUnavailable, match="refused") as caught:
        stamp(asked)
    assert "Hãy thử lại" in caught.value.text()
    assert caught.value.status == 503


def test_without_an_address_nothing_is_stamped(client):
    with pytest.raises(TimestampUnavailable, match="chưa cấu hình"):
        stamp(client())


@pytest.mark.parametrize("hours", [-1, 1])
def test_a_clock_astray_is_told(server, second, client, hours):
    for one in (server, second):
        one.lying(Lie.TIME, timedelta(hours=hours))
    with pytest.raises(ClockAstray) as caught:
        stamp(client(server, second))
    assert "3600 giây" in caught.value.text()
    # one authority's clock is not ours
    second.lying(None)
    asked = client(server, second)
    stamp(asked)
    assert asked.last.url == second.url


def test_a_little_skew_is_normal(server, client):
    server.lying(Lie.TIME, timedelta(minutes=2))
    asked = client(server)
    stamp(asked)
    assert asked.last.ahead == timedelta(minutes=2)
    with pytest.raises(ClockAstray):
        stamp(client(server, most_skew=timedelta(minutes=1)))


def test_a_probe_tells_of_every_address(server, second, client):
    second.fault = Fault.ERROR
    found = client(server, second).probe()
    assert isinstance(found[server.url], Stamped)
    assert isinstance(found[second.url], TimestampUnavailable)


def test_nobody_waits_again_for_what_just_failed(server, second, trust, now):
    moment = [now]
    asked = TimestampClient(
        [server.url, second.url], trust, clock=lambda: moment[0], is_required=False
    )
    server.fault = second.fault = Fault.ERROR
    for _ in range(3):
        with pytest.raises(TimestampUnavailable):
            stamp(asked)
    assert (len(server.requests), len(second.requests)) == (2, 2)
    # the archive has nothing else to do than to ask
    with pytest.raises(TimestampUnavailable, match="500"):
        stamp(asked.for_archive())
    assert len(server.requests) == 4
    server.fault = None
    moment[0] = now + REST
    stamp(asked)
