"""The lists at hand: one request for all who ask, nothing a liar says, renewed before they end."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from threading import Event

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from list_server import ListServer, list_server, send
from small_authority import DAY, SmallAuthority

from signing.addresses import AllowList
from signing.errors import AddressRefused, AnswerRefused, NotReachable, SigningError
from signing.fetching import Fetcher
from signing.revocation_cache import RevocationCache
from signing.revocation_entry import Entry, Kind, Wanted
from signing.sandbox import child_environment
from signing.trust import AnchorRole

SIGNER, TSA = AnchorRole.SIGNER, AnchorRole.TSA


@pytest.fixture
def server():
    with list_server() as found:
        yield found


@pytest.fixture
def cache(server, tmp_path) -> RevocationCache:
    return RevocationCache(tmp_path / "lists", Fetcher(AllowList((f"{server.url}/",)), seconds=5.0))


@pytest.fixture(scope="module")
def authority(now) -> SmallAuthority:
    return SmallAuthority("gốc", now)


@pytest.fixture
def wanted(server, authority) -> Wanted:
    return Wanted(Kind.LIST, f"{server.url}/a.crl", authority.der)


def served(server: ListServer, data: bytes, path: str = "/a.crl") -> bytes:
    server.pages[path] = data
    return data


# -- one request -----------------------------------------------------------------------------------


def test_a_warm_cache_asks_nobody(server, cache, authority, wanted, now):
    crl = served(server, authority.revoke())
    leaf = authority.issue("A", crl=wanted.url).public_bytes(Encoding.DER)
    for _ in range(3):
        assert cache.ensure([leaf, authority.der], SIGNER, now) == []
    assert server.requests == {"/a.crl": 1}
    (known,) = cache.revocation().lists
    assert (known.url, known.der, known.roles) == (wanted.url, crl, {SIGNER})
    # another process, another day within the term: still nothing to ask
    again = RevocationCache(cache.folder, cache.fetcher)
    assert again.ensure([leaf, authority.der], SIGNER, now + DAY / 2) == []
    assert server.requests == {"/a.crl": 1}


def test_threads_that_want_one_list_ask_once(server, cache, authority, wanted, now):
    crl, go = authority.revoke(), Event()

    def slow(request):
        assert go.wait(10)
        send(request, crl)

    server.pages["/a.crl"] = slow
    with ThreadPoolExecutor(4) as pool:
        asked = [pool.submit(cache.refresh, wanted, SIGNER, now) for _ in range(4)]
        go.set()
        digests = {one.result().digest for one in asked}
    assert len(digests) == 1
    assert server.requests == {"/a.crl": 1}


def test_threads_share_a_failure(server, cache, wanted, now):
    server.pages["/a.crl"] = lambda request: send(request, b"nonsense")

    def ask(_):
        with pytest.raises(SigningError):
            cache.refresh(wanted, SIGNER, now)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(ask, range(4)))
    assert server.requests == {"/a.crl": 1}


PROCESS = """
import sys
from datetime import datetime
from pathlib import Path
from signing.addresses import AllowList
from signing.fetching import Fetcher
from signing.revocation_cache import RevocationCache
from signing.revocation_entry import Kind, Wanted
from signing.trust import AnchorRole
folder, url, issuer, now = sys.argv[1:]
cache = RevocationCache(Path(folder), Fetcher(AllowList((url,)), seconds=30.0))
wanted = Wanted(Kind.LIST, url, bytes.fromhex(issuer))
print("ready", flush=True)
sys.stdin.readline()
print("asking", flush=True)
print(cache.refresh(wanted, AnchorRole.SIGNER, datetime.fromisoformat(now)).digest, flush=True)
"""


def test_processes_that_want_one_list_ask_once(server, cache, authority, wanted, now):
    crl, go = authority.revoke(), Event()

    def slow(request):
        assert go.wait(60)
        send(request, crl)

    server.pages["/a.crl"] = slow
    command = [sys.executable, "-c", PROCESS, str(cache.folder), wanted.url]
    command += [authority.der.hex(), now.isoformat()]
    started = [
        subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=child_environment(),
        )
        for _ in range(2)
    ]
    try:
        for word in ("ready", "asking"):
            for one in started:
                assert one.stdout.readline().strip() == word
                one.stdin.write("\n") if word == "ready" else None
                one.stdin.flush()
        go.set()
        digests = {one.communicate(timeout=60)[0].strip() for one in started}
    finally:
        go.set()
        for one in started:
            one.kill()
            one.wait()
            one.stdin.close()
            one.stdout.close()
    assert len(digests) == 1
    assert "" not in digests
    assert server.requests == {"/a.crl": 1}


# -- renewal ---------------------------------------------------------------------------------------


def test_a_list_is_renewed_in_the_last_quarter_of_its_term(server, cache, authority, wanted, now):
    served(server, authority.revoke())
    cache.refresh(wanted, SIGNER, now)
    assert cache.refresh_due(now + DAY * 0.7) == []
    assert server.requests["/a.crl"] == 1
    newer = served(server, authority.revoke(made=now + DAY * 0.7, number=2))
    assert cache.refresh_due(now + DAY * 0.8) == []
    assert server.requests["/a.crl"] == 2
    assert [one.der for one in cache.revocation().lists] == [newer]


def test_what_is_unchanged_is_not_sent_again(server, cache, authority, wanted, now):
    crl = served(server, authority.revoke())
    cache.refresh(wanted, SIGNER, now)
    assert cache.refresh_due(now + DAY * 0.8) == []
    assert server.unchanged == 1
    (entry,) = cache.entries()
    # the issuer has not made the next one yet: asked ever more often, never at every turn
    assert now + DAY * 0.8 < entry.due_at < now + DAY
    assert cache.refresh_due(now + DAY * 0.8 + timedelta(seconds=1)) == []
    assert server.requests["/a.crl"] == 2
    assert [one.der for one in cache.revocation().lists] == [crl]


def test_while_its_server_is_gone_a_list_counts_until_its_end(
    server, cache, authority, wanted, now
):
    served(server, authority.revoke())
    cache.refresh(wanted, SIGNER, now)
    server.pages.clear()
    at, pauses = now + DAY * 0.8, []
    for _ in range(4):
        (failed,) = cache.refresh_due(at)
        assert failed.problem == "answer-refused"
        assert failed.is_current(at)
        pauses.append(failed.due_at - at)
        at = failed.due_at
    assert pauses == [timedelta(minutes=n) for n in (1, 2, 4, 8)]
    entry = cache.refresh(wanted, SIGNER, at - timedelta(seconds=1))
    assert entry.failures == 4
    with pytest.raises(SigningError):
        cache.refresh(wanted, SIGNER, now + 2 * DAY)
    # the stale list stays: it tells of what was withdrawn before
    assert len(cache.revocation().lists) == 1


def test_a_server_without_a_newer_list_is_no_success(server, cache, authority, wanted, now):
    served(server, authority.revoke())
    cache.refresh(wanted, SIGNER, now)
    with pytest.raises(AnswerRefused):
        cache.refresh(wanted, SIGNER, now + 2 * DAY)
    assert server.unchanged == 1


# -- a lying server --------------------------------------------------------------------------------


def other_name(now) -> bytes:
    return SmallAuthority("khác", now).revoke()


def same_name(now) -> bytes:
    return SmallAuthority("gốc", now).revoke()


LIES = {
    "nonsense": lambda _, now: b"<html>login</html>",
    "empty": lambda _, now: b"",
    "of another issuer": lambda _, now: other_name(now),
    "signed by another key": lambda _, now: same_name(now),
    "from the future": lambda ca, now: ca.revoke(made=now + timedelta(hours=1)),
    "out of term": lambda ca, now: ca.revoke(made=now - 2 * DAY),
    "older than ours": lambda ca, now: ca.revoke(made=now - timedelta(hours=2)),
    "with one bit turned": lambda ca, now: turned(ca.revoke()),
}


def turned(data: bytes) -> bytes:
    return data[:-9] + bytes([data[-9] ^ 1]) + data[-8:]


@pytest.mark.parametrize("lie", LIES)
def test_a_lying_server_changes_nothing(server, cache, authority, wanted, now, lie):
    leaf = authority.issue("A")
    true = served(server, authority.revoke(leaf, made=now - timedelta(hours=1)))
    cache.refresh(wanted, SIGNER, now - timedelta(minutes=30))
    served(server, LIES[lie](authority, now))
    later = now + timedelta(minutes=20)
    due = replace(cache.entries()[0], due_at=now)
    (cache.folder / f"{wanted.key}.json").write_text(due.to_json(), encoding="utf-8")
    (failed,) = cache.refresh_due(later)
    assert failed.problem == "answer-refused"
    assert [one.der for one in cache.revocation().lists] == [true]


@pytest.mark.parametrize("lie", sorted(set(LIES) - {"older than ours"}))
def test_a_liar_asked_first_leaves_nothing(server, cache, authority, wanted, now, lie):
    served(server, LIES[lie](authority, now))
    with pytest.raises(AnswerRefused):
        cache.refresh(wanted, SIGNER, now)
    assert cache.revocation().lists == ()
    assert list(cache.folder.glob("*.der")) == []


def test_a_weak_signature_on_a_list_is_refused(server, cache, authority, wanted, now):
    from signing.algorithms import AlgorithmKind, AlgorithmRule

    served(server, authority.revoke())
    rule = AlgorithmRule(AlgorithmKind.DIGEST, now - DAY, "thử", name="sha256")
    strict = replace(cache, policy=replace(cache.policy, algorithms=(rule,)))
    with pytest.raises(AnswerRefused) as refused:
        strict.refresh(wanted, SIGNER, now)
    assert "sha256" in refused.value.text("vi")


def test_a_list_that_is_damaged_on_the_disk_is_not_used(server, cache, authority, wanted, now):
    served(server, authority.revoke())
    entry = cache.refresh(wanted, SIGNER, now)
    (cache.folder / f"{entry.digest}.der").write_bytes(b"rot")
    assert cache.revocation().lists == ()
    # the next look asks for the whole again
    assert cache.refresh_due(now + timedelta(hours=19)) == []
    assert server.unchanged == 0
    assert len(cache.revocation().lists) == 1
    (cache.folder / f"{wanted.key}.json").write_text("{", encoding="utf-8")
    assert cache.entries() == []
    cache.refresh(wanted, SIGNER, now)
    assert len(cache.entries()) == 1


# -- addresses -------------------------------------------------------------------------------------


def test_an_address_in_a_certificate_counts_only_when_it_is_allowed(server, cache, authority, now):
    elsewhere = authority.issue("A", crl="http://169.254.169.254/a.crl", responder="http://x.vn/")
    chain = [elsewhere.public_bytes(Encoding.DER), authority.der]
    assert cache.ensure(chain, SIGNER, now) == []
    assert cache.entries() == []
    with pytest.raises(AddressRefused):
        cache.refresh(Wanted(Kind.LIST, "http://x.vn/a", authority.der), SIGNER, now)


def test_a_list_from_an_address_that_is_no_longer_allowed_is_absent(
    server, cache, authority, wanted, now
):
    served(server, authority.revoke())
    cache.refresh(wanted, SIGNER, now)
    narrower = replace(cache, fetcher=Fetcher(AllowList(("http://elsewhere.vn/",))))
    assert cache.revocation().usable()
    assert not narrower.revocation().usable()
    assert narrower.refresh_due(now + DAY) == []
    assert server.requests == {"/a.crl": 1}


def test_knowledge_about_signers_and_timestamps_is_kept_apart(
    server, cache, authority, wanted, now
):
    served(server, authority.revoke())
    cache.refresh(wanted, TSA, now)
    assert cache.revocation().usable(TSA)
    assert not cache.revocation().usable(SIGNER)
    cache.refresh(wanted, SIGNER, now)
    assert cache.revocation().usable(SIGNER)
    assert server.requests == {"/a.crl": 1}


# -- answers about one certificate -----------------------------------------------------------------


@pytest.fixture
def asked(server, authority) -> Wanted:
    leaf = authority.issue("A", responder=f"{server.url}/ocsp")
    return Wanted(Kind.ANSWER, f"{server.url}/ocsp", authority.der, leaf.public_bytes(Encoding.DER))


def certificate_of(asked: Wanted):
    from cryptography import x509

    return x509.load_der_x509_certificate(asked.certificate)


def test_an_answer_is_kept_until_it_ends(server, cache, authority, asked, now):
    answer = served(server, authority.answer(certificate_of(asked)), "/ocsp")
    chain = [asked.certificate, authority.der]
    for minutes in (0, 10, 44):
        assert cache.ensure(chain, SIGNER, now + timedelta(minutes=minutes)) == []
    assert server.requests == {"/ocsp": 1}
    assert [one.der for one in cache.revocation().answers] == [answer]
    # nobody asks ahead for a certificate that may never be seen again
    assert cache.refresh_due(now + timedelta(minutes=50)) == []
    assert server.requests == {"/ocsp": 1}
    cache.sweep(now + 8 * DAY)
    assert cache.entries() == []


def test_who_answers_is_the_issuer_or_whom_it_named(server, cache, authority, asked, now):
    leaf = certificate_of(asked)
    key = ec.generate_private_key(ec.SECP256R1())
    named = authority.issue("trả lời", answers=True, key=key)
    unnamed = authority.issue("người khác", key=key)
    stranger = SmallAuthority("gốc", now).issue("người lạ", answers=True, key=key)
    lies = [
        authority.answer(leaf, by=(unnamed, key)),
        authority.answer(leaf, by=(stranger, key)),
        turned(authority.answer(leaf)),
        authority.answer(authority.issue("B")),
        authority.answer(leaf, made=now - DAY),
        authority.answer(leaf, made=now - timedelta(hours=1), life=None),
        authority.answer(leaf, made=now + DAY),
        SmallAuthority("gốc", now).answer(leaf),
        b"nonsense",
    ]
    for lie in lies:
        served(server, lie, "/ocsp")
        with pytest.raises(AnswerRefused):
            cache.refresh(asked, SIGNER, now)
        (cache.folder / f"{asked.key}.json").unlink()
    assert cache.revocation().answers == ()
    served(server, authority.answer(leaf, by=(named, key)), "/ocsp")
    assert cache.refresh(asked, SIGNER, now).is_current(now)


def test_where_no_list_can_be_had_the_answer_will_do(server, cache, authority, now):
    leaf = authority.issue("A", crl=f"{server.url}/a.crl", responder=f"{server.url}/ocsp")
    served(server, authority.answer(leaf), "/ocsp")
    chain = [leaf.public_bytes(Encoding.DER), authority.der]
    assert cache.ensure(chain, SIGNER, now) == []
    assert len(cache.revocation().answers) == 1
    server.pages.clear()
    (problem,) = cache.ensure(chain, SIGNER, now + timedelta(hours=2))
    assert isinstance(problem, AnswerRefused | NotReachable)


def test_an_entry_is_read_again(cache, wanted, now):
    entry = Entry(wanted, frozenset({TSA}), "d", 3, due_at=now).failed("x", "y", now)
    assert Entry.from_json(entry.to_json()) == entry
    for text in ("", "{}", "[]", entry.to_json().replace("crl", "xyz")):
        with pytest.raises(ValueError):
            Entry.from_json(text)
