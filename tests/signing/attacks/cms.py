"""The signature value tampered with: certificates exchanged, attributes wrong, signers doubled."""

from collections.abc import Callable
from typing import Any

from asn1crypto import cms as asn1
from asn1crypto import x509
from attacks import paper
from attacks.authority import Authority, Signatory, der, new_key
from attacks.byte_range import contents_at, with_contents
from attacks.foreign_signer import Twist, sign

#: makes a hostile file for an authority that is trusted
Forgery = Callable[[Authority], bytes]


def signed(authority: Authority, twist: Twist | None = None, who: Signatory | None = None) -> bytes:
    return sign(paper.plain(), who or authority.admit(), twist=twist)


def rewritten(pdf: bytes, change: Callable[[Any], None]) -> bytes:
    """Change the CMS of the last signature and write it back into its room."""

    def made_anew(contents: bytes) -> bytes:
        info = asn1.ContentInfo.load(bytes.fromhex(contents.strip(b"<>").decode()))
        change(info["content"])
        digits = info.dump().hex().encode()
        return b"<" + digits.ljust(len(contents) - 2, b"0") + b">"

    return with_contents(made_anew)(pdf)


def swap_certificate(authority: Authority, *, same_key: bool, same_serial: bool) -> bytes:
    """Put another trusted certificate where the signer's was, and point the signer there."""
    signer = authority.admit("Nguyen Van Ky")
    pdf = signed(authority, who=signer)
    key = signer.key if same_key else new_key()
    other = x509.Certificate.load(der(authority.issue("Chu tich khac", key=key)))
    if same_serial:
        other = x509.Certificate.load(
            authority.renumbered(other, x509.Certificate.load(signer.certificate).serial_number)
        )

    def change(data: Any) -> None:
        data["certificates"] = [other]
        if not same_serial:
            sid = data["signer_infos"][0]["sid"].chosen
            sid["serial_number"] = other.serial_number

    return rewritten(pdf, change)


def stranger_of_the_same_name(authority: Authority) -> bytes:
    impostor = Authority(authority.name, authority.start)
    return signed(authority, who=impostor.admit())


def double(other: bool) -> Forgery:
    def forge(authority: Authority) -> bytes:
        if not other:
            return signed(authority, Twist(infos=2))
        pdf = signed(authority)
        donor = signed(authority, who=authority.admit("Nguoi khac"))
        start, end = contents_at(donor)
        foreign = asn1.ContentInfo.load(bytes.fromhex(donor[start + 1 : end - 1].decode()))

        def change(data: Any) -> None:
            data["signer_infos"].append(foreign["content"]["signer_infos"][0])
            data["certificates"].append(foreign["content"]["certificates"][0])

        return rewritten(pdf, change)

    return forge


def transplanted(authority: Authority) -> bytes:
    """Take the whole CMS from another file of the same signer."""
    signer = authority.admit()
    donor = sign(paper.with_pages(2), signer)
    start, end = contents_at(donor)
    return with_contents(lambda _: donor[start:end])(signed(authority, who=signer))


def without_signers(authority: Authority) -> bytes:
    return rewritten(signed(authority), lambda data: data.__setitem__("signer_infos", []))


def without_certificates(authority: Authority) -> bytes:
    return rewritten(signed(authority), lambda data: data.__setitem__("certificates", []))


def of_another_kind(authority: Authority) -> bytes:
    """Say that the CMS is data and nothing signed."""

    def made_anew(contents: bytes) -> bytes:
        data = asn1.ContentInfo({"content_type": "data", "content": b"signed"}).dump()
        return b"<" + data.hex().encode().ljust(len(contents) - 2, b"0") + b">"

    return with_contents(made_anew)(signed(authority))


def other_digest(authority: Authority) -> bytes:
    def change(data: Any) -> None:
        info = data["signer_infos"][0]
        info["digest_algorithm"] = {"algorithm": "sha384"}

    return rewritten(signed(authority), change)


def flipped_attribute(authority: Authority) -> bytes:
    def change(data: Any) -> None:
        for one in data["signer_infos"][0]["signed_attrs"]:
            if one["type"].native == "signing_time":
                one["values"] = [asn1.Time({"utc_time": "200101000000Z"})]

    return rewritten(signed(authority), change)


def twisted(**how: Any) -> Forgery:
    return lambda authority: signed(authority, Twist(**how))


def other_ess(authority: Authority) -> bytes:
    return signed(authority, Twist(ess=der(authority.issue("Nguoi khac"))))


CMS: dict[str, Forgery] = {
    "certificate of another key": lambda ca: swap_certificate(
        ca, same_key=False, same_serial=False
    ),
    "certificate of another person, same key": lambda ca: swap_certificate(
        ca, same_key=True, same_serial=False
    ),
    "certificate of another person, same key and number": lambda ca: swap_certificate(
        ca, same_key=True, same_serial=True
    ),
    "certificate of a namesake authority": stranger_of_the_same_name,
    "signer twice": double(False),
    "second signer": double(True),
    "signature of another file": transplanted,
    "no signer": without_signers,
    "no certificate": without_certificates,
    "no signed data": of_another_kind,
    "another digest named": other_digest,
    "signing time changed": flipped_attribute,
    "ESS names another certificate": other_ess,
    "no ESS attribute": twisted(ess=None),
    "no attributes": twisted(has_attributes=False),
    "no message digest": twisted(attributes={"message_digest": None}),
    "digest of other bytes": twisted(attributes={"message_digest": bytes(32)}),
    "another content type": twisted(attributes={"content_type": "signed_data"}),
    "no content type": twisted(attributes={"content_type": None}),
    "embedded content": twisted(content=b"the signed text"),
    "SHA-1": twisted(digest="sha1"),
}
