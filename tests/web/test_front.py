"""Behind a reverse proxy on another machine: our address is the operator's word, nobody else's."""

import re
from collections.abc import Callable
from dataclasses import replace
from ipaddress import ip_network

import pytest
import sqlalchemy as sa

from records.account import Account
from records.login_session import LoginSession
from records.organization import Officer
from web.app import create_app
from web.front import Front

PUBLIC = "https://congvan.stttt.example"
#: what the proxy connects to, and from where
INSIDE, PROXY = "http://10.0.0.5:8080", "10.0.0.9"
PASSWORD = "mot-cau-dai-de-nho-188"


class Proxied:
    """A browser at `PUBLIC` as its requests arrive here, unencrypted, from the proxy."""

    def __init__(self, app, **headers: str) -> None:
        self.client = app.test_client()
        self.headers = headers

    def get(self, address: str):
        return self.client.get(address, **self._road({}))

    def post(self, address: str, data: dict, origin: str = PUBLIC):
        page = self.get("/help").text
        token = re.search(r'name="csrf-token" content="([^"]+)"', page)[1]
        sent = self._road({"Origin": origin, "Referer": f"{PUBLIC}/help"})
        return self.client.post(address, data={"csrf_token": token, **data}, **sent)

    def log_in(self, username: str):
        return self.post("/login", {"username": username, "password": PASSWORD, "next": "/"})

    def _road(self, headers: dict[str, str]) -> dict:
        return {
            "base_url": INSIDE,
            "environ_base": {"REMOTE_ADDR": PROXY},
            "headers": {**self.headers, **headers},
        }


@pytest.fixture(scope="module")
def behind(office) -> Callable[..., Proxied]:
    """Return what opens a browser behind the proxy of an installation with these settings."""

    def open_browser(headers: dict[str, str] | None = None, **settings) -> Proxied:
        told = replace(office.settings, **settings)
        return Proxied(create_app(replace(office, settings=told)), **(headers or {}))

    return open_browser


# -- the public address -----------------------------------------------------------------------------


def test_a_form_sent_through_the_proxy_is_our_own(behind):
    browser = behind(public_url=PUBLIC)
    assert browser.log_in("vanthu.stttt").status_code == 303
    made = browser.post("/outgoing/new", {"subject": "qua máy chủ ủy nhiệm"})
    assert made.status_code == 303


@pytest.mark.parametrize(
    "headers",
    [{}, {"X-Forwarded-Host": PUBLIC.partition("://")[2], "X-Forwarded-Proto": "https"}],
    ids=["plain", "forwarded"],
)
def test_without_the_setting_it_is_refused_whatever_the_proxy_claims(behind, headers):
    answer = behind(headers).log_in("vanthu.stttt")
    assert answer.status_code == 403
    assert "trang khác" in answer.text


@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.example",
        f"{PUBLIC}.evil.example",
        PUBLIC.replace("https", "http"),
        f"{PUBLIC}:8443",
        INSIDE,
        "null",
    ],
)
def test_a_form_of_another_origin_is_refused_behind_the_proxy_too(behind, origin):
    browser = behind(public_url=PUBLIC)
    assert browser.log_in("vanthu.stttt").status_code == 303
    answer = browser.post("/outgoing/new", {"subject": "từ nơi khác"}, origin=origin)
    assert answer.status_code == 403
    assert "từ nơi khác" not in browser.get("/outgoing?state=all").text


def test_a_form_without_origin_still_needs_its_token(behind):
    browser = behind(public_url=PUBLIC)
    browser.get("/help")
    answer = browser.client.post("/preferences", data={"language": "en"}, base_url=INSIDE)
    assert answer.status_code == 403


def test_under_https_cookies_are_bound_to_tls_though_the_proxy_speaks_http(behind):
    answer = behind(public_url=PUBLIC).log_in("vanthu.stttt")
    cookies = answer.headers.getlist("Set-Cookie")
    assert any(c.startswith("__Host-congvan=") for c in cookies)
    assert all("Secure" in c and "Domain" not in c for c in cookies)
    assert "max-age" in answer.headers["Strict-Transport-Security"]


def test_under_http_they_are_as_without_a_proxy(behind):
    inside = behind(public_url=INSIDE)
    answer = inside.post("/login", {"username": "vanthu.stttt", "password": PASSWORD}, INSIDE)
    [cookie] = [c for c in answer.headers.getlist("Set-Cookie") if "congvan=" in c]
    assert cookie.startswith("congvan=")
    assert "Secure" not in cookie


def test_a_one_time_link_carries_the_public_address_not_the_host_of_the_request(behind, office):
    browser = behind({"X-Forwarded-Host": "evil.example"}, public_url=PUBLIC)
    browser.log_in("quantri.stttt")
    with office.database.transaction() as tx:
        admin = tx.scalar(
            sa.select(Officer)
            .join(Account, Account.officer_id == Officer.id)
            .where(Account.username == "quantri.stttt")
        )
        new = tx.add(Officer(agency_id=admin.agency_id, full_name="Người Mới", sort_key=b"moi"))
    page = browser.post("/accounts", {"officer": str(new.id), "username": ""}).text
    assert re.findall(r"https?://[^\s<\"]+/invitations/", page) == [f"{PUBLIC}/invitations/"]


# -- who knocks -------------------------------------------------------------------------------------


def seen_from(told: str | None, peer: str = PROXY, proxies: tuple[str, ...] = ("10.0.0.0/29",)):
    """The address that the application sees."""
    seen = []

    def application(environ, _start):
        seen.append(environ["REMOTE_ADDR"])
        return []

    front = Front(application, "", [ip_network(p) for p in proxies])
    environ = {"REMOTE_ADDR": peer, **({"HTTP_X_FORWARDED_FOR": told} if told is not None else {})}
    front(environ, lambda *_: None)
    return seen[0]


@pytest.mark.parametrize(
    ("told", "peer", "proxies", "seen"),
    [
        ("203.0.113.7", "10.0.0.3", ("10.0.0.0/29",), "203.0.113.7"),
        ("1.1.1.1, 203.0.113.7", "10.0.0.3", ("10.0.0.3",), "203.0.113.7"),  # the left is hearsay
        ("203.0.113.7, 10.0.0.4", "10.0.0.3", ("10.0.0.0/29",), "203.0.113.7"),  # two proxies
        ("203.0.113.7", "10.0.0.3", (), "10.0.0.3"),  # nobody is believed
        ("203.0.113.7", "198.51.100.1", ("10.0.0.0/29",), "198.51.100.1"),  # not a proxy of ours
        ("<script>", "10.0.0.3", ("10.0.0.0/29",), "10.0.0.3"),
        ("203.0.113.7, unknown", "10.0.0.3", ("10.0.0.0/29",), "10.0.0.3"),
        (None, "10.0.0.3", ("10.0.0.0/29",), "10.0.0.3"),
        ("", "10.0.0.3", ("10.0.0.0/29",), "10.0.0.3"),
        ("10.0.0.2", "10.0.0.3", ("10.0.0.0/29",), "10.0.0.2"),  # the proxy's own health check
        ("203.0.113.7", "::ffff:10.0.0.3", ("10.0.0.0/29",), "203.0.113.7"),
        ("2001:db8::7", "fd00::3", ("fd00::/64",), "2001:db8::7"),
    ],
)
def test_only_a_named_proxy_tells_for_whom_it_asks(told, peer, proxies, seen):
    assert seen_from(told, peer, proxies) == seen


@pytest.mark.parametrize(("proxies", "seen"), [((ip_network(PROXY),), "203.0.113.7"), ((), PROXY)])
def test_the_session_remembers_who_is_behind_the_proxy(behind, office, proxies, seen):
    """Attempts are counted and the journal is written by this address."""
    forwarded = {"X-Forwarded-For": "9.9.9.9, 203.0.113.7"}
    browser = behind(forwarded, public_url=PUBLIC, proxies=proxies)
    browser.log_in("chuyenvien.stttt")
    with office.database.transaction() as tx:
        newest = sa.select(LoginSession.address).order_by(LoginSession.id.desc()).limit(1)
        assert tx.scalar(newest) == seen
