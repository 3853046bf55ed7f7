"""Documents and keys to sign with: a letter, with scans behind it until it is as large."""

import io
import random
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pikepdf
import typst
from PIL import Image

import signing
from signing.keystores.pkcs12 import Pkcs12KeyStore
from signing.original import normalise
from signing.testing import Holder, Pki, make_pki
from signing.testing.pki import Algorithm

#: bytes: a letter, one with an annex, one with a whole project behind it
SIZES = {"85 kB": 85_000, "1.2 MB": 1_200_000, "24 MB": 24_000_000}
NOW = datetime(2026, 11, 22, 8, 30, tzinfo=UTC)
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
