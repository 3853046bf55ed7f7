"""A key at a remote service (CSC API v2, a stand-in on loopback): PIN, authorisation, proof."""

import traceback
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.serialization import pkcs12

from signing.errors import KeyNotSupported, KeystoreRefused, SignatureMismatch
from signing.keystores.errors import (
    KeyNotFound,
    PinPaused,
    RemoteLoginEnded,
    RemoteRefused,
    RemoteUnreachable,
    WrongPin,
)
from signing.keystores.pin_tries import FileTries
from signing.keystores.remote import RemoteKey, RemoteKeyStore
from signing.policy import ValidationPolicy
from signing.report import Verdict
from signing.signer import SignRequest, SignRole, sign_pdf
from signing.testing.remote_service import CREDENTIAL, RemoteService
from signing.testing.servers import Fault
from tests.signing.conftest import NOW, PASSPHRASE

PIN, BEARER = "ma-pin-188", "token-oauth-188"


@pytest.fixture(params=["chutich", "ubnd"], ids=["EC", "RSA"])
def service(request, pki, keystore):
    key, _, _ = pkcs12.load_key_and_certificates(pki.keystore(request.param), PASSPHRASE.encode())
    held = keystore(request.param)
    certificates = [held.certificate(), *held.chain()]
    with RemoteService(key, certificates, lambda: NOW, pin=PIN, bearer=BEARER) as running:
        yield running


@pytest.fixture
def tries(tmp_path):
    return FileTries(tmp_path / "pin-tries.json")


@pytest.fixture
def opened(service, tries):
    def open_key(*, pin=PIN, bearer=BEARER, credential=CREDENTIAL, timeout=5.0):
        return RemoteKeyStore(
            RemoteKey(service.address, credential),
            bearer,
            pin,
            tries=tries,
            at=NOW,
            timeout=timeout,
        )

    return open_key


def test_a_document_signed_at_the_service_is_valid(opened, service, draft, validate):
    with opened(credential="") as store:
        assert len(store.chain()) == 2
        signed = sign_pdf(draft, SignRequest(SignRole.APPROVE, NOW), store)
    assert validate(signed, ValidationPolicy()).verdict is Verdict.VALID
    assert [what for what, _ in service.asked] == [
        "credentials/list",
        "credentials/info",
        "credentials/authorize",
        "signatures/signHash",
    ]
    # the authorisation was asked for the very hash that was signed, and nothing more
    authorised, used = service.asked[2][1], service.asked[3][1]
    assert authorised["hashes"] == used["hashes"]
    assert authorised["numSignatures"] == len(used["hashes"]) == 1
    assert "authData" not in used


def test_many_are_signed_with_as_few_authorisations_as_the_service_allows(opened, service):
    with opened() as store:
        assert len(set(store.sign_many([b"mot", b"hai", b"ba", b"bon", b"nam"], "sha256"))) == 5
        with pytest.raises(KeyNotSupported):
            store.sign(b"mot", "sha1")
    granted = [asked for what, asked in service.asked if what == "credentials/authorize"]
    assert [one["numSignatures"] for one in granted] == [2, 2, 1]


def test_an_authorisation_counts_once_and_for_a_time(opened, service):
    with opened() as store:
        store.sign(b"mot", "sha256")
        used = service.asked[-1][1]
        with pytest.raises(RemoteRefused):
            store._service.ask("signatures/signHash", used)
        service.life = timedelta()
        with pytest.raises(RemoteRefused, match="invalid_request"):
            store.sign(b"hai", "sha256")


def test_a_lying_service_is_found(opened, service, draft):
    service.lying = True
    with opened() as store, pytest.raises(SignatureMismatch):
        sign_pdf(draft, SignRequest(SignRole.APPROVE, NOW), store)


def test_wrong_pins_stop_before_the_service_locks(opened, tries, service):
    for left in (1, 0):
        with opened(pin="sai") as store, pytest.raises(WrongPin) as refused:
            store.sign(b"mot", "sha256")
        assert refused.value.fields == {"left": left}
    asked = len(service.asked)
    with opened() as store, pytest.raises(PinPaused):
        store.sign(b"mot", "sha256")
    assert [what for what, _ in service.asked[asked:]] == ["credentials/info"]
    tries.undo(f"127.0.0.1 {CREDENTIAL}")
    with opened() as store:
        store.sign(b"mot", "sha256")


@pytest.mark.parametrize("fault", list(Fault))
def test_a_service_that_fails_is_named_and_costs_no_try(opened, service, fault, tries):
    store = opened(timeout=0.3)
    service.fault = fault
    with pytest.raises((RemoteUnreachable, RemoteRefused)):
        store.sign(b"mot", "sha256")
    service.fault = None
    store.sign(b"mot", "sha256")
    assert tries.path.read_text() == "{}"


def test_a_service_that_is_gone_is_named(opened, service):
    store = opened()
    service.stop()
    with pytest.raises(RemoteUnreachable, match=r"127\.0\.0\.1"):
        store.sign(b"mot", "sha256")


@pytest.mark.parametrize(
    ("info", "refusal"),
    [
        ({"key": {"status": "disabled"}}, RemoteRefused),
        ({"auth": {"mode": "oauth2code"}}, RemoteRefused),
        ({"auth": {"mode": "explicit", "objects": [{"id": "PIN"}, {"id": "OTP"}]}}, RemoteRefused),
        ({"key": {"status": "enabled", "algo": ["1.2.3"]}}, KeyNotSupported),
        ({"cert": {"certificates": []}}, KeyNotFound),
        ({"cert": {"status": "revoked"}}, RemoteRefused),
        ({"cert": {"certificates": ["AAAA"]}}, KeyNotSupported),
    ],
)
def test_a_credential_that_cannot_sign_is_refused_at_once(opened, service, info, refusal):
    service.info = info
    with pytest.raises(refusal):
        opened()


def test_the_pin_goes_over_no_open_road(tries):
    with pytest.raises(RemoteRefused, match="not-https"):
        RemoteKeyStore(RemoteKey("http://ky.example.vn/csc/v2/"), BEARER, PIN, tries=tries, at=NOW)


def test_pin_and_bearer_are_nowhere(opened, tries):
    with pytest.raises(RemoteLoginEnded):
        opened(bearer="cu")
    typed = "sai-881"
    store = opened(pin=typed)
    assert typed not in repr(store) + repr(vars(store)) + repr(vars(store._service))
    with pytest.raises(WrongPin) as refused:
        store.sign(b"mot", "sha256")
    text = "".join(traceback.format_exception(refused.value)) + repr(refused.value.__context__)
    assert typed not in text + tries.path.read_text()
    assert BEARER not in text
    store.close()
    with pytest.raises(KeystoreRefused):
        store.sign(b"mot", "sha256")
