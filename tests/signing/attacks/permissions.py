"""What an earlier signature forbids and a later one does all the same (DocMDP, FieldMDP)."""

from collections.abc import Callable

from attacks import paper
from attacks.authority import Authority
from attacks.byte_range import numbers
from attacks.foreign_signer import sign
from attacks.incremental import update
from attacks.shadow import OTHER, TEXT_FIELD
from pyhanko.sign.fields import FieldMDPAction, FieldMDPSpec, MDPPerm

Made = Callable[[Authority], bytes]
SECOND = (60, 100, 180, 160)


def certified(permission: MDPPerm, *, second: bool = True) -> Made:
    """Return a file certified with a permission, and signed again by an agency, unseen."""

    def make(authority: Authority) -> bytes:
        pdf = sign(paper.plain(), authority.admit(), certify=permission)
        if not second:
            return pdf
        return sign(pdf, authority.admit("Co quan"), name="Hai", box=None)

    return make


def locked(spec: FieldMDPSpec, *, then: Callable[[bytes], bytes] | None = None) -> Made:
    def make(authority: Authority) -> bytes:
        pdf = sign(TEXT_FIELD(), authority.admit(), lock=spec)
        if then:
            return then(pdf)
        return sign(pdf, authority.admit("Co quan"), name="Hai", box=SECOND)

    return make


def filled(pdf: bytes) -> bytes:
    return update(pdf, {21: OTHER})


def certified_second(authority: Authority) -> bytes:
    """Certify a file that somebody signed before: a certification is the first signature."""
    pdf = sign(paper.plain(), authority.admit())
    return sign(pdf, authority.admit("Co quan"), name="Hai", box=SECOND, certify=MDPPerm.NO_CHANGES)


def loosened(authority: Authority) -> bytes:
    """Write another permission into the signed file."""
    pdf = certified(MDPPerm.NO_CHANGES)(authority)
    assert b"/P 1" in pdf
    return pdf.replace(b"/P 1", b"/P 3")


def certification_forgotten(authority: Authority) -> bytes:
    """Take the catalogue's word for the certification away in the next revision."""
    pdf = certified(MDPPerm.NO_CHANGES, second=False)(authority)
    _, _, start, rest = numbers(pdf)
    return sign(
        pdf[: start + rest],
        authority.admit("Co quan"),
        name="Hai",
        box=SECOND,
        change=lambda writer: (writer.root.pop("/Perms", None), writer.update_root()),
    )


ALL = FieldMDPSpec(FieldMDPAction.ALL)
ONE = FieldMDPSpec(FieldMDPAction.INCLUDE, ["so tien"])
OTHERS = FieldMDPSpec(FieldMDPAction.EXCLUDE, ["Hai"])

#: what the earlier signature allows
ALLOWED: dict[str, Made] = {
    "certified for forms, signed again": certified(MDPPerm.FILL_FORMS),
    "certified for comments, signed again": certified(MDPPerm.ANNOTATE),
    "certified for nothing, alone": certified(MDPPerm.NO_CHANGES, second=False),
    "one field locked, signed again": locked(ONE),
    "all but the next locked, signed again": locked(OTHERS),
}
BROKEN: dict[str, Made] = {
    "certified for nothing, signed again": certified(MDPPerm.NO_CHANGES),
    "certified for nothing, permission rewritten": loosened,
    "certified for nothing, forgotten, signed again": certification_forgotten,
    "certified as the second": certified_second,
    "all fields locked, one filled": locked(ALL, then=filled),
    "one field locked and filled": locked(ONE, then=filled),
    "all but the next locked, another filled": locked(OTHERS, then=filled),
}
