"""The stand-in authority and its servers: what they say is what a test asked for."""

import shutil
import subprocess
import urllib.error
import urllib.request
from datetime import timedelta
from pathlib import Path

import pytest
from asn1crypto import tsp
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.oid import SignatureAlgorithmOID

from signing.testing import Fault, Holder, Lie, ListServer, OcspServer, Terms, TsaServer, Use

DIGEST = bytes(range(32))
OPENSSL = shutil.which("openssl")


def fetch(url: str, body: bytes | None = None, **headers: str) -> bytes:
    # an address of this machine, never a proxy
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    request = urllib.request.Request(url, body, headers)
    with opener.open(request, timeout=5) as answer:
        return bytes(answer.read())


def question(nonce: int = 7) -> bytes:
    imprint = {"hash_algorithm": {"algorithm": "sha256"}, "hashed_message": DIGEST}
    asked = {"version": 1, "message_imprint": imprint, "nonce": nonce, "cert_req": True}
    return bytes(tsp.TimeStampReq(asked).dump())


def verified_elsewhere(folder: Path, pki, answer: bytes) -> str:
    """Return what OpenSSL says of an answer to `question()`."""
    (folder / "q.tsq").write_bytes(question())
    (folder / "a.tsr").write_bytes(answer)
    root = pki.trust_folder / "anchors" / "tsa-root.pem"
    command = [OPENSSL, "ts", "-verify", "-queryfile", "q.tsq", "-in", "a.tsr", "-CAfile", root]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    return done.stdout + done.stderr


@pytest.mark.openssl
@pytest.mark.skipif(OPENSSL is None, reason="needs openssl (apt install openssl)")
def test_another_library_accepts_true_timestamps_and_no_lies(pki, now, tmp_path):
    with TsaServer(pki.services.tsa, lambda: now) as server:
        assert "Verification: OK" in verified_elsewhere(
            tmp_path, pki, fetch(server.url, question())
        )
        for lie in (Lie.IMPRINT, Lie.NONCE, Lie.SIGNATURE, Lie.REFUSES, Lie.NO_CERTIFICATE):
            server.lying(lie)
            said = verified_elsewhere(tmp_path, pki, fetch(server.url, question()))
            assert "OK" not in said, lie
    assert len(server.requests) == 6


def test_a_timestamp_states_the_time_and_policy_it_was_told(pki, now):
    def stated(answer: bytes) -> tuple:
        token = tsp.TimeStampResp.load(answer)["time_stamp_token"]
        content = token["content"]["encap_content_info"]["content"].parsed
        return content["gen_time"].native, content["policy"].native

    with TsaServer(pki.services.tsa, lambda: now) as server:
        time, policy = stated(fetch(server.url, question()))
        assert time == now
        server.lying(Lie.TIME, timedelta(hours=3))
        assert stated(fetch(server.url, question())) == (now + timedelta(hours=3), policy)
        server.lying(Lie.POLICY)
        assert stated(fetch(server.url, question())) != (now, policy)


def test_servers_fail_as_they_are_told(pki):
    with ListServer({"a.crl": b"list"}) as server:
        assert fetch(f"{server.url}a.crl") == b"list"
        server.fault = Fault.ERROR
        with pytest.raises(urllib.error.HTTPError, match="500"):
            fetch(f"{server.url}a.crl")
        server.fault = Fault.GARBAGE
        assert b"html" in fetch(f"{server.url}a.crl")
        server.fault = None
        assert fetch(f"{server.url}a.crl") == b"list"
    with pytest.raises(urllib.error.URLError, match="refused"):
        fetch(f"{server.url}a.crl")
    assert server.requests == ["a.crl"] * 4


def test_a_silent_server_keeps_its_client_waiting_until_it_is_stopped():
    with ListServer({"a.crl": b"list"}) as server:
        server.fault = Fault.SILENT
        request = urllib.request.Request(f"{server.url}a.crl")
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with pytest.raises(TimeoutError):
            opener.open(request, timeout=0.1)
        assert server.requests == ["a.crl"]


def test_a_list_is_not_sent_twice_to_who_has_it():
    with ListServer({"a.crl": b"list"}) as server:
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(f"{server.url}a.crl", timeout=5) as answer:
            tag = answer.headers["ETag"]
        with pytest.raises(urllib.error.HTTPError, match="304"):
            fetch(f"{server.url}a.crl", **{"If-None-Match": tag})
        server.files["a.crl"] = b"newer"
        assert fetch(f"{server.url}a.crl", **{"If-None-Match": tag}) == b"newer"


def test_the_responder_knows_what_is_withdrawn(pki, now):
    services = pki.services
    issued = services.authority.issue(Holder("x", "Người được hỏi"), now)
    request = (
        ocsp.OCSPRequestBuilder()
        .add_certificate(issued.certificate, services.authority.issuing, SHA256())
        .build()
        .public_bytes(Encoding.DER)
    )
    with OcspServer(services.authority, services.ocsp, lambda: now) as server:
        good = ocsp.load_der_ocsp_response(fetch(server.url, request))
        assert good.certificate_status is ocsp.OCSPCertStatus.GOOD
        assert good.next_update_utc == now + timedelta(minutes=10)
        server.withdrawn[issued.certificate.serial_number] = now - timedelta(days=1)
        gone = ocsp.load_der_ocsp_response(fetch(server.url, request))
        assert gone.certificate_status is ocsp.OCSPCertStatus.REVOKED
        assert gone.revocation_time_utc == now - timedelta(days=1)


def test_the_authority_issues_as_told(pki, now):
    authority = pki.services.authority
    holder = Holder("x", "Người thử")
    terms = Terms(
        Use.LOGIN,
        term=timedelta(days=2),
        rsa_bits=1024,
        list_url="http://lists.invalid/a.crl",
        ocsp_url="http://ocsp.invalid/",
        issuer_url="http://ca.invalid/ca.cer",
        policies=("1.2.3.4",),
    )
    made = authority.issue(holder, now, terms).certificate
    made.verify_directly_issued_by(authority.issuing)
    assert made.public_key().key_size == 1024
    assert made.not_valid_after_utc == now + timedelta(days=2)
    assert not made.extensions.get_extension_for_class(x509.KeyUsage).value.content_commitment
    shown = "".join(str(one.value) for one in made.extensions)
    for said in (terms.list_url, terms.ocsp_url, terms.issuer_url, "1.2.3.4"):
        assert said in shown
    plain = authority.issue(holder, now).certificate
    assert authority.list_address() in "".join(str(one.value) for one in plain.extensions)


def test_a_certificate_with_an_old_digest_verifies(pki, now):
    authority = pki.services.authority
    made = authority.issue(Holder("x", "Chứng thư cũ"), now, Terms(sha1=True)).certificate
    assert made.signature_algorithm_oid == SignatureAlgorithmOID.ECDSA_WITH_SHA1
    key = authority.issuing.public_key()
    assert made.signature_hash_algorithm is not None
    check = ec.ECDSA(made.signature_hash_algorithm)
    key.verify(made.signature, made.tbs_certificate_bytes, check)
    with pytest.raises(InvalidSignature):
        key.verify(made.signature, made.tbs_certificate_bytes + b"0", check)


def test_a_list_says_since_when(pki, now):
    authority = pki.services.authority
    issued = authority.issue(Holder("x", "Người bị thu hồi"), now)
    since = now + timedelta(days=3)
    made = x509.load_der_x509_crl(
        authority.revocation_list(
            now + timedelta(days=4), life=timedelta(days=1), withdrawn={issued.certificate: since}
        )
    )
    assert made.is_signature_valid(authority.issuing.public_key())
    assert made.last_update_utc == now + timedelta(days=4)
    assert made.next_update_utc == now + timedelta(days=5)
    entry = made.get_revoked_certificate_by_serial_number(issued.certificate.serial_number)
    assert entry.revocation_date_utc == since
