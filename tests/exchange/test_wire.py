"""One call over TLS: who is trusted, and that a deadline holds inside it."""

import http.server
import ipaddress
import ssl
import threading
import time
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from exchange.errors import NotRecognised, Unreachable
from exchange.wire import Patience, Wire, hide


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """A certificate for this machine that nobody trusts, with its key, as one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "trục thử")])
    today = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(today - timedelta(days=1))
        .not_valid_after(today + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]),
            critical=False,
        )
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "server.pem"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + made.public_bytes(serialization.Encoding.PEM)
    )
    return path


@contextmanager
def secure(certificate, answer):
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            answer(self)

        def log_message(self, *_):
            pass

    class Server(http.server.ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_):
            pass  # a client that does not trust us hangs up

    server = Server(("127.0.0.1", 0), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"https://127.0.0.1:{server.server_port}/adapter"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def trusting(certificate):
    return ssl.create_default_context(cafile=str(certificate))


def fine(handler):
    handler.send_response(200)
    handler.send_header("Content-Length", "2")
    handler.end_headers()
    handler.wfile.write(b"{}")


def test_a_server_is_spoken_to_when_its_certificate_is_trusted(certificate):
    with secure(certificate, fine) as address:
        assert Wire(address, Patience(), trusting(certificate)).ask("x", {}) == (200, b"{}")
        with pytest.raises(NotRecognised) as caught:
            Wire(address, Patience()).ask("x", {})
    assert "không tin cậy" in caught.value.text("vi")
    assert not caught.value.retryable


@pytest.mark.parametrize("part", ["headers", "body"])
def test_a_deadline_holds_inside_tls(certificate, part):
    stop = threading.Event()

    def drip(handler):
        handler.wfile.write(b"HTTP/1.1 200 OK\r\n")
        if part == "body":
            handler.wfile.write(b"Content-Length: 100000\r\n\r\n")
        try:
            while not stop.wait(0.02):
                handler.wfile.write(b"X-A: 1\r\n")
        except OSError:
            return

    with secure(certificate, drip) as address:
        began = time.monotonic()
        with pytest.raises(Unreachable) as caught:
            Wire(address, Patience(total=0.3), trusting(certificate)).ask("x", {})
        took = time.monotonic() - began
        stop.set()
    assert "quá thời gian chờ" in caught.value.text("vi")
    assert 0.3 <= took < 20


def test_a_call_leaves_no_thread_behind(certificate):
    with secure(certificate, fine) as address:
        wire = Wire(address, Patience(total=3600), trusting(certificate))
        before = {thread for thread in threading.enumerate() if isinstance(thread, threading.Timer)}
        for _ in range(5):
            wire.ask("x", {})
        left = {t for t in threading.enumerate() if isinstance(t, threading.Timer)} - before
        for timer in left:
            timer.join(5)
        assert not any(timer.is_alive() for timer in left)


def test_words_of_a_carrier_are_told_without_our_secrets():
    said = hide("sai khóa rat-mat của a", "rat-mat", "", "khac")
    assert said == "sai khóa … của a"
