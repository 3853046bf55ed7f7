"""Documents and keys to sign with: a letter, with scans behind it until it is as large."""

import io
import random
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pikepdf
import typst
from PIL import Image

import signing
from signing.archive import Archive
from signing.chain import ListsAtHand
from signing.keystores.pkcs12 import Pkcs12KeyStore
from signing.original import normalise
from signing.placement import place_person, place_seal
from signing.report import DocumentReport
from signing.revocation import Revocation, RevocationList
from signing.signer import SignRequest, SignRole, sign_pdf
from signing.testing import Holder, Pki, TsaServer, make_pki
from signing.testing.authority import Algorithm
from signing.testing.pki import LISTS_AT
from signing.timestamps import TimestampClient
from signing.trust import load_trust
from signing.validation import validate_pdf

#: bytes: a letter, one with an annex, one with a whole project behind it
SIZES = {"85 kB": 85_000, "1.2 MB": 1_200_000, "24 MB": 24_000_000}
NOW = datetime(2026, 11, 22, 8, 30, tzinfo=UTC)
#: when the lists that followed the signatures were out
LATER = NOW + timedelta(days=2)
SIGNER, AGENCY, PASSPHRASE = "Trịnh Việt Hùng", "Ủy ban nhân dân tỉnh Thái Nguyên", "mật khẩu đo"
SCAN = (1_240, 1_754)

LETTER = """
#set page(paper: "a4", margin: (top: 20mm, bottom: 20mm, left: 30mm, right: 15mm))
#set text(font: "Tinos", size: 13pt, lang: "vi")
#grid(columns: (40%, 60%), align: center,
  [ỦY BAN NHÂN DÂN \\ *TỈNH THÁI NGUYÊN*],
  [*CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM* \\ *Độc lập - Tự do - Hạnh phúc*])
#grid(columns: (40%, 60%), align: center,
  [Số:#h(36pt)/2026/QĐ-UBND], [_Thái Nguyên, ngày#h(24pt)tháng#h(24pt)năm 2026_])
#set par(justify: true, first-line-indent: 1cm)
#for _ in range(4) [Căn cứ Nghị định số 30/2020/NĐ-CP ngày 05 tháng 3 năm 2020 của Chính phủ. \\ ]
#v(40pt)
#grid(columns: (45%, 55%), [_*Nơi nhận:*_ \\ - Như Điều 3; \\ - Lưu: VT.],
  align(center)[*TM. ỦY BAN NHÂN DÂN \\ CHỦ TỊCH* #v(75pt) *Trịnh Việt Hùng*])
"""


@dataclass(frozen=True)
class Desk:
    """What two people sign with: the keystores of the person and the agency, and their pictures."""

    folder: Path
    person: Pkcs12KeyStore
    agency: Pkcs12KeyStore

    def picture(self, key: str) -> bytes:
        """Return the PNG of a signature or seal."""
        return (self.folder / "pictures" / f"{key}.png").read_bytes()


def make_authority(folder: Path) -> Pki:
    """Make an authority in `folder` that issued to both, RSA-2048."""
    return make_pki(
        folder,
        [Holder("chutich", SIGNER, algorithm=Algorithm.RSA)],
        [Holder("ubnd", AGENCY, algorithm=Algorithm.RSA)],
        NOW,
        PASSPHRASE,
    )


def open_desk(folder: Path) -> Desk:
    """Open what `make_authority` wrote."""
    keys = ((folder / "keystores" / f"{key}.p12").read_bytes() for key in ("chutich", "ubnd"))
    return Desk(folder, *(Pkcs12KeyStore(key, PASSPHRASE) for key in keys))


def paper(size: int) -> bytes:
    """Return a PDF/A letter of about `size` bytes, made up with scanned pages."""
    fonts = str(Path(signing.__file__).parent / "fonts")
    letter = typst.compile(
        LETTER.encode(), font_paths=[fonts], ignore_system_fonts=True, pdf_standards="a-2b"
    )
    assert isinstance(letter, bytes)
    missing = size - len(letter)
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(letter)) as pdf:
        while missing > 0:
            scan = _scan(missing)
            _append(pdf, scan)
            missing -= len(scan)
        pdf.save(out)
    return normalise(out.getvalue())


def _scan(most: int) -> bytes:
    """Return a JPEG that no compression makes smaller, of at most about a megabyte."""
    width, height = SCAN
    share = min(1.0, (most / 1_000_000) ** 0.5)
    size = max(8, int(width * share)), max(8, int(height * share))
    noise = random.Random(most).randbytes(size[0] * size[1])
    out = io.BytesIO()
    Image.frombytes("L", size, noise).save(out, "JPEG", quality=35)
    return out.getvalue()


def _append(pdf: pikepdf.Pdf, scan: bytes) -> None:
    with Image.open(io.BytesIO(scan)) as picture:
        width, height = picture.size
    image = pdf.make_stream(
        scan, Type=pikepdf.Name.XObject, Subtype=pikepdf.Name.Image, Width=width, Height=height,
        ColorSpace=pikepdf.Name.DeviceGray, BitsPerComponent=8, Filter=pikepdf.Name.DCTDecode,
    )  # fmt: skip
    page = pdf.add_blank_page(page_size=(595, 842))
    page.obj.Resources = pikepdf.Dictionary(XObject=pikepdf.Dictionary(I=image))
    page.obj.Contents = pdf.make_stream(b"q 500 0 0 700 47 70 cm /I Do Q")


def kept(pki: Pki, pdf: bytes) -> bytes:
    """Return `pdf` signed by both with timestamps, and its proofs behind it (PAdES-LT)."""
    desk, trust, moment = open_desk(pki.folder), load_trust(pki.trust_folder), [NOW]
    lists = _lists(pki)

    def judge(file: bytes) -> DocumentReport:
        return validate_pdf(file, trust=trust, revocation=lists, at=LATER)

    with TsaServer(pki.services.tsa, lambda: moment[0]) as server:
        stamps = TimestampClient([server.url], trust, clock=lambda: moment[0])
        pdf = sign_pdf(pdf, by_person(pdf, desk), desk.person, stamps)
        image = desk.picture("ubnd")
        request = SignRequest(SignRole.SEAL, NOW, place_seal(pdf, image=image), image, name=AGENCY)
        pdf = sign_pdf(pdf, request, desk.agency, stamps)
        moment[0] = LATER
        return Archive(trust, ListsAtHand(lists), stamps, judge).add_evidence(pdf, LATER)


def by_person(pdf: bytes, desk: Desk) -> SignRequest:
    """Ask for the signature of the chairman, in its place."""
    image = desk.picture("chutich")
    place = place_person(pdf, name=SIGNER, image=image, position="CHỦ TỊCH")
    return SignRequest(SignRole.APPROVE, NOW, place, image, name=SIGNER, position="Chủ tịch")


def _lists(pki: Pki) -> Revocation:
    """Return the lists as they are two days later, when the next have been published."""
    found = [
        RevocationList(issuer.list_address(tier), issuer.revocation_list(LATER, tier=tier))
        for issuer in (pki.services.authority, pki.services.timestamps)
        for tier in ("root", "issuing")
    ]
    return Revocation(tuple(found), (LISTS_AT,))
