"""The allow-list of addresses: what is behind a prefix, and every trick that only looks so."""

from urllib.parse import urlsplit

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from signing.addresses import AllowList, read_address
from signing.errors import AddressRefused

ALLOWED = AllowList(("http://crl.example.vn/lists/", "https://ocsp.example.vn:8443/one"))


@pytest.mark.parametrize(
    "url",
    [
        "http://crl.example.vn/lists/",
        "http://crl.example.vn/lists/a.crl",
        "http://CRL.Example.VN/lists/a.crl",
        "HTTP://crl.example.vn:80/lists/a.crl",
        "http://crl.example.vn./lists/a.crl",
        "http://crl.example.vn/lists/a%20b.crl?v=1",
        "https://ocsp.example.vn:8443/one",
        "https://ocsp.example.vn:8443/one?x=1",
    ],
)
def test_what_is_behind_a_prefix_is_allowed(url):
    assert ALLOWED.allows(url)


ATTACKS = [
    "http://crl.example.vn@evil.vn/lists/a.crl",
    "http://crl.example.vn:80@evil.vn/lists/a.crl",
    "http://user:secret@crl.example.vn/lists/a.crl",
    "http://@crl.example.vn/lists/a.crl",
    "http://crl.example.vn.evil.vn/lists/a.crl",
    "http://evil.vn/http://crl.example.vn/lists/",
    "http://evil.vn#@crl.example.vn/lists/a.crl",
    "http://evil.vn\\@crl.example.vn/lists/a.crl",
    "http://crl.example.vn\\.evil.vn/lists/a.crl",
    "http://crl.example.vn/lists/../admin",
    "http://crl.example.vn/lists/./../admin",
    "http://crl.example.vn/lists/%2e%2e/admin",
    "http://crl.example.vn/lists/%2E./admin",
    "http://crl.example.vn/lists/..%2fadmin",
    "http://crl.example.vn/lists/..%5cadmin",
    "http://crl.example.vn/lists/%252e%252e/admin",
    "http://crl.example.vn/lists/..;/admin",
    "http://crl.example.vn/lists//../admin",
    "http://crl.example.vn/lists/%00",
    "http://crl.example.vn/lists/%0d%0aHost:evil",
    "http://crl.example.vn/lists/%zz",
    "http://crl.example.vn/listsx",
    "http://crl.example.vn/LISTS/a.crl",
    "http://crl.example.vn/",
    "//crl.example.vn/lists/a.crl",
    "///crl.example.vn/lists/a.crl",
    "http:/crl.example.vn/lists/a.crl",
    "http:crl.example.vn/lists/a.crl",
    "http:///crl.example.vn/lists/a.crl",
    "http://crl.example.vn:8080/lists/a.crl",
    "http://crl.example.vn:/lists/a.crl",
    "http://crl.example.vn:0x50/lists/a.crl",
    "http://crl.example.vn:80:80/lists/a.crl",
    "https://crl.example.vn/lists/a.crl",
    "ftp://crl.example.vn/lists/a.crl",
    "file:///etc/passwd",
    "ldap://crl.example.vn/lists/a.crl",
    "gopher://crl.example.vn/lists/a.crl",
    "http://[crl.example.vn]/lists/a.crl",
    "http://[::1]/lists/a.crl",
    "http://[::ffff:127.0.0.1]/lists/a.crl",
    "http://[fe80::1%25eth0]/lists/a.crl",
    "http://127.0.0.1/lists/a.crl",
    "http://127.1/lists/a.crl",
    "http://2130706433/lists/a.crl",
    "http://0x7f.1/lists/a.crl",
    "http://0x7f000001/lists/a.crl",
    "http://localhost/lists/a.crl",
    "http://169.254.169.254/latest/meta-data/",
    " http://crl.example.vn/lists/a.crl",
    "http://crl.example.vn/lists/a.crl\n",
    "http://crl.example.vn\t/lists/a.crl",
    "http://crl.example.vn/lists/a b.crl",
    "http://crl.example.vn\u3002evil.vn/lists/a.crl",
    "http://crl\uff0eexample.vn/lists/a.crl",
    "http://ⓒrl.example.vn/lists/a.crl",
    "http://-crl.example.vn/lists/a.crl",
    "http://crl..example.vn/lists/a.crl",
    "https://ocsp.example.vn:8443/one/more",
    "https://ocsp.example.vn:8443/one%2f",
    "https://ocsp.example.vn/one",
    "",
    "a" * 5000,
    "http://crl.example.vn/lists/" + "a" * 5000,
]


@pytest.mark.parametrize("url", ATTACKS)
def test_what_only_looks_so_is_refused(url):
    assert not ALLOWED.allows(url)


def test_nothing_is_allowed_without_a_list():
    assert not AllowList().allows("http://crl.example.vn/lists/a.crl")
    assert not AllowList(("nonsense",)).allows("nonsense")


pieces = st.sampled_from(
    [
        "http://",
        "https://",
        "//",
        "/",
        "\\",
        "@",
        ":",
        "?",
        "#",
        ".",
        "..",
        "%2e",
        "%2f",
        "%5c",
        ";",
        "crl.example.vn",
        "evil.vn",
        "lists",
        "a.crl",
        "80",
        "8443",
        "[",
        "]",
        "::1",
        "127.0.0.1",
    ]
)


@given(st.lists(pieces, max_size=10).map("".join))
@example("http://crl.example.vn/lists/a.crl")
def test_an_allowed_address_is_at_its_host_for_every_reader(url):
    """Whatever passes names the host to a careless reader too, and is its own normal form."""
    if not ALLOWED.allows(url):
        return
    address = read_address(url)
    assert urlsplit(url).netloc.lower().split(":")[0] in {"crl.example.vn", "ocsp.example.vn"}
    assert url.lower().split("/")[2].split(":")[0] == address.host
    assert address.path.startswith(("/lists/", "/one"))
    assert ".." not in address.path.split("/")
    assert read_address(address.url) == address
    assert ALLOWED.allows(address.url)


@pytest.mark.parametrize(
    ("url", "normal"),
    [
        ("HTTP://Example.VN", "http://example.vn/"),
        ("http://example.vn:80/a", "http://example.vn/a"),
        ("https://example.vn:443", "https://example.vn/"),
        ("http://[0:0::1]:81/a?b=c", "http://[::1]:81/a?b=c"),
        ("http://127.0.0.1:9/a", "http://127.0.0.1:9/a"),
    ],
)
def test_an_address_has_one_normal_form(url, normal):
    assert read_address(url).url == normal


def test_a_refused_address_is_told_in_words():
    with pytest.raises(AddressRefused) as refused:
        read_address("http://user:pass@crl.example.vn/")
    assert "không có trong danh sách" in refused.value.text("vi")
