"""A key in a token (PKCS#11, here SoftHSM): it signs, survives its removal, and keeps its PIN."""

import copy
import gc
import os
import pickle
import traceback
from datetime import date, timedelta
from threading import Event, Thread

import pkcs11
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from pkcs11 import Attribute, TokenFlag

from signing.errors import KeyNotSupported, KeystoreRefused, SignatureMismatch
from signing.keystores.errors import (
    KeyNotFound,
    LastTry,
    PinLocked,
    PinPaused,
    TokenBusy,
    TokenGone,
    TokenLibraryRefused,
    WrongPin,
)
from signing.keystores.pin_tries import FileTries
from signing.keystores.pkcs11 import Pkcs11KeyStore, TokenKey
from signing.keystores.token import library_at
from signing.number_row import place_number
from signing.placement import place_seal
from signing.report import Verdict
from signing.revocation import Revocation
from signing.signer import SignRequest, SignRole, sign_pdf
from signing.testing.soft_token import soft_library, soft_tokens
from signing.trust import Trust
from signing.validation import validate_pdf
from signing.xml import sign_xml, verify_xml
from tests.signing.conftest import NOW, PASSPHRASE

pytestmark = pytest.mark.token

PIN = "188-mã-188"
LABEL = "con-dau"


@pytest.fixture(scope="module")
def library() -> str:
    found = soft_library()
    if found is None:
        pytest.skip("needs SoftHSM: apt install softhsm2")
    return found


@pytest.fixture(scope="module")
def tokens(library, pki, tmp_path_factory):
    """One token with four keys: the agency's (RSA), a person's (EC), and two odd ones."""
    with soft_tokens(tmp_path_factory.mktemp("token"), library) as made:
        made.make(LABEL, PIN)
        seal, person = pki.keystore("ubnd"), pki.keystore("chutich")
        made.put(LABEL, PIN, seal, PASSPHRASE, label="con dấu")
        made.put(LABEL, PIN, person, PASSPHRASE, label="chủ tịch", key_id=b"\x02", key_label="")
        made.put(LABEL, PIN, seal, PASSPHRASE, label="hỏi", key_id=b"\x03", asks_each_time=True)
        made.put(
            LABEL, PIN, seal, PASSPHRASE, label="trần", key_id=b"\x04", with_certificates=False
        )
        yield made


def rsa_certificate(now) -> bytes:
    """A certificate of an RSA key that lies on no token of ours."""
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Khóa khác")])
    key = rsa.generate_private_key(65537, 2048)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).serial_number(7)
    builder = builder.not_valid_before(now).not_valid_after(now + timedelta(days=1))
    return (
        builder.public_key(key.public_key()).sign(key, hashes.SHA256()).public_bytes(Encoding.DER)
    )


@pytest.fixture
def tries(tmp_path):
    return FileTries(tmp_path / "pin-tries.json")


@pytest.fixture
def opened(tokens, tries):
    """Open keys of the token; whatever stays open is closed at the end."""
    left = []

    def open_key(label="con dấu", pin=PIN, at=NOW, patience=5.0, **place):
        store = Pkcs11KeyStore(
            TokenKey(tokens.library, LABEL, label, **place),
            pin,
            tries=tries,
            at=at,
            patience=patience,
        )
        left.append(store)
        return store

    yield open_key
    for store in left:
        store.close()


def test_number_and_seal_signed_in_a_token_are_valid(opened, by_person, pki, validate, outgoing):
    row = place_number(
        by_person, reference="188/2026/QĐ-UBND", issued_on=date(2026, 11, 2), place="Thái Nguyên"
    )
    with opened() as token:
        assert len(token.chain()) == 2
        numbered = sign_pdf(by_person, SignRequest(SignRole.NUMBER, NOW, row), token)
        request = SignRequest(SignRole.SEAL, NOW, place_seal(numbered), pki.picture("ubnd"))
        sealed = sign_pdf(numbered, request, token)
    report = validate(sealed)
    assert report.verdict is Verdict.VALID, report
    assert len(report.signatures) == 3
    # the negative controls: a changed byte, and the same file where nobody trusts the issuer
    at = sealed.index(b"/ByteRange") - 399
    changed = sealed[:at] + bytes([sealed[at] ^ 1]) + sealed[at + 1 :]
    assert validate(changed).verdict is not Verdict.VALID
    strange = validate_pdf(
        sealed, trust=Trust(()), revocation=Revocation(), policy=outgoing, at=NOW
    )
    assert strange.verdict is not Verdict.VALID


def test_a_person_signs_with_an_elliptic_key_whose_label_only_the_certificate_bears(
    opened, draft, validate
):
    with opened("chủ tịch") as token:
        signature = token.sign(b"van ban", "sha256")
        public = x509.load_der_x509_certificate(token.certificate()).public_key()
        public.verify(signature, b"van ban", ec.ECDSA(hashes.SHA256()))
        sign_pdf(draft, SignRequest(SignRole.APPROVE, NOW), token)


@pytest.mark.parametrize("label", ["con dấu", "chủ tịch"])
def test_a_key_in_a_token_signs_xades(label, opened, trust, revocation):
    with opened(label) as token:
        data = sign_xml("<goi>văn bản</goi>".encode(), token, claimed_at=NOW)
    found = verify_xml(data, trust=trust, revocation=revocation, at=NOW)
    assert (found.verdict, found.claimed_at) == (Verdict.VALID, NOW)
    changed = data.replace("văn bản".encode(), "văn khác".encode())
    assert verify_xml(changed, trust=trust, revocation=revocation, at=NOW).signed == b""


def test_a_token_that_only_pads_and_signs_gets_the_digest(tokens, opened):
    tokens.configure("CKM_RSA_PKCS,CKM_SHA384_RSA_PKCS,CKM_ECDSA")
    try:
        with opened() as token:
            assert pkcs11.Mechanism.SHA256_RSA_PKCS not in token._mechanisms
            # each signature is verified by the store itself
            token.sign(b"van ban", "sha256")
            token.sign(b"van ban", "sha384")
            token.sign(b"van ban", "sha512")
            with pytest.raises(KeyNotSupported, match="sha1"):
                token.sign(b"van ban", "sha1")
    finally:
        tokens.configure()


def test_a_key_that_asks_for_the_pin_each_time_signs_twice(opened):
    with opened("hỏi") as token:
        token.sign(b"mot", "sha256")
        token.sign(b"hai", "sha256")
        with pytest.raises(pkcs11.UserNotLoggedIn):
            token._key.sign(b"ba", mechanism=pkcs11.Mechanism.SHA256_RSA_PKCS)


def test_the_key_cannot_be_read_out_of_the_token(opened):
    with opened() as token, pytest.raises(pkcs11.PKCS11Error):
        token._key[Attribute.PRIVATE_EXPONENT]


def test_a_certificate_may_lie_beside_the_token(opened, pki, keystore):
    beside = keystore("ubnd")
    with opened("trần", certificate=beside.certificate(), issuers=beside.chain()) as token:
        token.sign(b"van ban", "sha256")
        assert token.chain() == beside.chain()
    strange = rsa_certificate(NOW)
    # the wrong certificate is found by its first signature, before a document carries it
    with opened("trần", certificate=strange) as token, pytest.raises(SignatureMismatch):
        token.sign(b"van ban", "sha256")


@pytest.mark.parametrize("label", ["trần", "không có", ""])
def test_a_key_without_certificate_or_name_is_not_guessed(opened, label):
    with pytest.raises(KeyNotFound):
        opened(label)
    opened().sign(b"van ban", "sha256")


def test_a_token_pulled_out_and_put_back_signs_on(tokens, opened):
    token = opened()
    token.sign(b"mot", "sha256")
    tokens.pull_out()
    with pytest.raises(TokenGone) as gone:
        token.sign(b"hai", "sha256")
    assert LABEL in gone.value.text()
    tokens.put_back()
    token.sign(b"ba", "sha256")


def test_a_session_that_was_lost_is_opened_once_more(tokens, opened):
    token = opened()
    token.sign(b"mot", "sha256")
    before = token._session
    tokens.restart()
    token.sign(b"hai", "sha256")
    assert token._session is not before


def test_a_token_that_is_not_in_is_named(tokens, tries):
    with pytest.raises(TokenGone, match="khac"):
        Pkcs11KeyStore(TokenKey(tokens.library, "khac"), PIN, tries=tries, at=NOW)
    with pytest.raises(TokenLibraryRefused):
        Pkcs11KeyStore(TokenKey("/nowhere/lib.so", LABEL), PIN, tries=tries, at=NOW)


def test_wrong_pins_stop_before_the_token_is_locked(tokens, opened, tries):
    for left in (1, 0):
        with pytest.raises(WrongPin) as refused:
            opened(pin="000000")
        assert refused.value.fields == {"left": left}
    flags = library_at(tokens.library).find(LABEL).flags
    assert flags & TokenFlag.USER_PIN_COUNT_LOW
    # another process, a little later, and even the right PIN: nobody asks the token again
    counted = FileTries(tries.path)
    with pytest.raises(PinPaused, match="2026"):
        Pkcs11KeyStore(
            TokenKey(tokens.library, LABEL, "con dấu"),
            PIN,
            tries=counted,
            at=NOW + timedelta(minutes=59),
        )
    opened(at=NOW + timedelta(minutes=61)).sign(b"van ban", "sha256")
    assert not library_at(tokens.library).find(LABEL).flags & TokenFlag.USER_PIN_COUNT_LOW
    assert tries.path.read_text() == "{}"


def test_a_right_pin_ends_the_count(opened):
    for _ in range(3):
        with pytest.raises(WrongPin):
            opened(pin="000000")
        opened().close()


def test_what_the_token_says_of_its_pin_is_heeded(tokens, opened, tries):
    for flag, refusal in (
        (TokenFlag.USER_PIN_FINAL_TRY, LastTry),
        (TokenFlag.USER_PIN_LOCKED, PinLocked),
    ):
        with tokens.reporting(LABEL, flag), pytest.raises(refusal):
            opened()
        assert not tries.path.exists()
    opened().close()


def test_a_wrong_pin_ends_nobody_s_signing(opened, tokens, pki):
    """Another token of the same library is open meanwhile: its login stays."""
    tokens.make("khac", "123456")
    token = opened()
    with pytest.raises(WrongPin):
        Pkcs11KeyStore(TokenKey(tokens.library, "khac"), "000000", tries=token._tries, at=NOW)
    before = token._session
    token.sign(b"van ban", "sha256")
    assert token._session is before


def test_a_login_left_behind_is_no_login(opened, tokens, library):
    """Who is logged in already is not believed any PIN (CKR_USER_ALREADY_LOGGED_IN)."""
    left = library_at(library).find(LABEL).open(user_pin=PIN)
    with pytest.raises(WrongPin):
        opened(pin="000000")
    del left
    opened().sign(b"van ban", "sha256")


def test_one_at_a_time(opened):
    first = opened()
    with pytest.raises(TokenBusy):
        opened("hỏi", patience=0.05)
    waiting, signed = Event(), []

    def second() -> None:
        waiting.set()
        with opened("hỏi") as token:
            signed.append(token.sign(b"hai", "sha256"))

    thread = Thread(target=second)
    thread.start()
    waiting.wait()
    first.sign(b"mot", "sha256")
    assert not signed
    first.close()
    thread.join()
    assert signed


def in_a_child(work) -> bytes:
    """What `work` returns in a child of this process."""
    read, write = os.pipe()
    if not os.fork():
        answer = b"failed"
        try:
            answer = work()
        finally:
            os.write(write, answer)
            os._exit(0)
    os.wait()
    os.close(write)
    with os.fdopen(read, "rb") as answered:
        return answered.read()


def test_a_child_after_a_fork_signs_with_a_session_of_its_own(opened, library):
    parent = opened()
    held, done = Event(), Event()

    def hold() -> None:
        with library_at(library).lock:
            held.set()
            done.wait()

    def sign() -> bytes:
        with opened("chủ tịch") as token:
            return token.sign(b"con", "sha256")

    # what a thread of the parent holds at the fork, nobody in the child would let go
    thread = Thread(target=hold)
    thread.start()
    held.wait()
    signature = in_a_child(sign)
    done.set()
    thread.join()
    assert signature[:1] == b"0"
    assert signature != b"failed"
    parent.sign(b"cha", "sha256")


def test_a_child_starts_the_library_for_itself(opened, tokens, library, tmp_path):
    opened()
    empty = tmp_path / "empty.conf"
    (tmp_path / "none").mkdir()
    empty.write_text(f"directories.tokendir = {tmp_path / 'none'}\n")

    def labels() -> bytes:
        os.environ["SOFTHSM2_CONF"] = str(empty)
        return repr([token.label for token in library_at(library).tokens()]).encode()

    assert in_a_child(labels) == b"['']"


def test_the_pin_is_nowhere(opened, tries):
    token = opened()
    assert PIN not in repr(token) + repr(vars(token)) + repr(token._pin)
    for way in (pickle.dumps, copy.deepcopy):
        with pytest.raises(TypeError):
            way(token._pin)
    token.close()
    token.close()
    assert PIN not in [one for one in gc.get_referents(token._pin) if isinstance(one, str)]
    with pytest.raises(KeystoreRefused):
        token.sign(b"van ban", "sha256")
    with pytest.raises(KeystoreRefused):
        opened(pin="")
    typed = "sai-881"
    with pytest.raises(WrongPin) as refused:
        opened(pin=typed)
    assert typed not in "".join(traceback.format_exception(refused.value))
    assert typed not in tries.path.read_text()
