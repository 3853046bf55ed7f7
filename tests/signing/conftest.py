"""A throw-away authority and a page laid out per Decree 30/2020, made once for all signing tests."""

import io
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pikepdf
import pytest
import typst
from cryptography import x509

from signing.archive import Archive
from signing.chain import ListsAtHand
from signing.keystores.pkcs12 import Pkcs12KeyStore
from signing.number_row import place_number
from signing.original import normalise
from signing.placement import place_person, place_seal
from signing.policy import ExpectedSigner, ValidationPolicy
from signing.report import DocumentReport, Level
from signing.revocation import Revocation, RevocationList, load_revocation
from signing.signer import SignRequest, SignRole, sign_pdf
from signing.testing import Algorithm, Holder, Pki, TsaServer, make_pki
from signing.testing.authority import LISTS_AT
from signing.timestamps import TimestampClient
from signing.trust import Trust, load_trust
from signing.validation import validate_pdf

NOW = datetime(2026, 11, 22, 8, 30, tzinfo=UTC)
CHAIRMAN = "Trịnh Việt Hùng"
AGENCY = "Ủy ban nhân dân tỉnh Thái Nguyên"
PASSPHRASE = "mật khẩu thử"
FONTS = Path(__file__).resolve().parents[2] / "signing" / "fonts"

DRAFT = """
#set page(paper: "a4", margin: (top: 20mm, bottom: 20mm, left: 30mm, right: 15mm))
#set text(font: "Tinos", size: 13pt, lang: "vi")
#set document(title: "Quyết định", author: "UBND tỉnh")
#grid(columns: (40%, 60%), align: center,
  [ỦY BAN NHÂN DÂN \\ *TỈNH THÁI NGUYÊN*],
  [*CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM* \\ *Độc lập - Tự do - Hạnh phúc*])
#v(8pt)
#grid(columns: (40%, 60%), align: center,
  [Số:#h(36pt)/2026/QĐ-UBND], [_Thái Nguyên, ngày#h(24pt)tháng#h(24pt)năm 2026_])
#align(center)[*QUYẾT ĐỊNH*]
#set par(justify: true, first-line-indent: 1cm)
Theo đề nghị của ông Trịnh Việt Hùng tại Tờ trình số 12/TTr-STTTT ngày 05 tháng 3 năm 2026.
#v(40pt)
#grid(columns: (45%, 55%),
  [_*Nơi nhận:*_ \\ - Như Điều 3; \\ - Lưu: VT.],
  align(center)[*TM. ỦY BAN NHÂN DÂN \\ CHỦ TỊCH* #v(75pt) *Trịnh Việt Hùng*])
"""


def typeset(source: str) -> bytes:
    """Return a PDF/A of Typst source in the prepared typeface."""
    pdf = typst.compile(
        source.encode(),
        font_paths=[str(FONTS)],
        ignore_system_fonts=True,
        pdf_standards="a-2b",
        timestamp=NOW,
    )
    assert isinstance(pdf, bytes)
    return pdf


@pytest.fixture(scope="session")
def layout() -> Callable[[str], bytes]:
    return typeset


@pytest.fixture(scope="session")
def now() -> datetime:
    return NOW


@pytest.fixture(scope="session")
def pki(tmp_path_factory: pytest.TempPathFactory) -> Pki:
    return make_pki(
        tmp_path_factory.mktemp("pki"),
        [Holder("chutich", CHAIRMAN, "UBND tỉnh Thái Nguyên")],
        [Holder("ubnd", AGENCY, algorithm=Algorithm.RSA)],
        NOW,
        PASSPHRASE,
    )


@pytest.fixture(scope="session")
def trust(pki: Pki) -> Trust:
    return load_trust(pki.trust_folder)


@pytest.fixture(scope="session")
def revocation(pki: Pki) -> Revocation:
    return load_revocation(pki.trust_folder)


@pytest.fixture(scope="session")
def keystore(pki: Pki) -> Callable[[str], Pkcs12KeyStore]:
    opened: dict[str, Pkcs12KeyStore] = {}

    def open_once(key: str) -> Pkcs12KeyStore:
        if key not in opened:
            opened[key] = Pkcs12KeyStore(pki.keystore(key), PASSPHRASE)
        return opened[key]

    return open_once


@pytest.fixture(scope="session")
def draft() -> bytes:
    return normalise(typeset(DRAFT))


@pytest.fixture(scope="session")
def by_person(draft: bytes, pki: Pki, keystore: Callable[[str], Pkcs12KeyStore]) -> bytes:
    image = pki.picture("chutich")
    place = place_person(draft, name=CHAIRMAN, image=image, position="CHỦ TỊCH")
    request = SignRequest(
        SignRole.APPROVE,
        NOW,
        place,
        image,
        name=CHAIRMAN,
        position="Chủ tịch",
        reason="Ký ban hành",
    )
    return sign_pdf(draft, request, keystore("chutich"))


@pytest.fixture(scope="session")
def numbered(by_person: bytes, keystore: Callable[[str], Pkcs12KeyStore]) -> bytes:
    place = place_number(
        by_person, reference="188/2026/QĐ-UBND", issued_on=date(2026, 11, 2), place="Thái Nguyên"
    )
    return sign_pdf(by_person, SignRequest(SignRole.NUMBER, NOW, place), keystore("ubnd"))


@pytest.fixture(scope="session")
def issued(numbered: bytes, pki: Pki, keystore: Callable[[str], Pkcs12KeyStore]) -> bytes:
    request = SignRequest(SignRole.SEAL, NOW, place_seal(numbered), pki.picture("ubnd"))
    return sign_pdf(numbered, request, keystore("ubnd"))


@pytest.fixture(scope="session")
def lists_at(pki: Pki) -> Callable[..., Revocation]:
    """Return the lists as they were made at a moment, of signers and of timestamps alike."""

    def make(
        at: datetime,
        *,
        life: timedelta = timedelta(days=7),
        withdrawn: dict[x509.Certificate, datetime] | None = None,
    ) -> Revocation:
        lists = []
        for authority in (pki.services.authority, pki.services.timestamps):
            for tier in ("root", "issuing"):
                gone = (withdrawn or {}) if tier == "issuing" else {}
                der = authority.revocation_list(at, tier=tier, life=life, withdrawn=gone)
                lists.append(RevocationList(authority.list_address(tier), der))
        return Revocation(tuple(lists), (LISTS_AT,))

    return make


@pytest.fixture(scope="session")
def at_level(
    pki: Pki,
    draft: bytes,
    keystore: Callable[[str], Pkcs12KeyStore],
    trust: Trust,
    lists_at: Callable[..., Revocation],
) -> Callable[..., bytes]:
    """Return the draft signed by the chairman at NOW, kept at a level; LT and LTA two days later."""
    made: dict[Level, bytes] = {}
    later = NOW + timedelta(days=2)
    lists = lists_at(later)

    def judge(pdf: bytes) -> DocumentReport:
        return validate_pdf(pdf, trust=trust, revocation=lists, at=later)

    def make(level: Level) -> bytes:
        if level in made:
            return made[level]
        moment = [NOW]
        request = SignRequest(SignRole.APPROVE, NOW)
        with TsaServer(pki.services.tsa, lambda: moment[0]) as server:
            client = TimestampClient([server.url], trust, clock=lambda: moment[0])
            stamps = None if level is Level.B else client
            pdf = sign_pdf(draft, request, keystore("chutich"), stamps)
            moment[0] = later
            archive = Archive(trust, ListsAtHand(lists), client, judge)
            if level is Level.LT:
                pdf = archive.add_evidence(pdf, later)
            elif level is Level.LTA:
                pdf = archive.augment(pdf, later).pdf
        return made.setdefault(level, pdf)

    return make


@pytest.fixture(scope="session")
def outgoing() -> ValidationPolicy:
    return ValidationPolicy(
        expected=(
            ExpectedSigner(SignRole.APPROVE, CHAIRMAN),
            ExpectedSigner(SignRole.NUMBER, AGENCY),
            ExpectedSigner(SignRole.SEAL, AGENCY),
        )
    )


@pytest.fixture(scope="session")
def validate(
    trust: Trust, revocation: Revocation, outgoing: ValidationPolicy
) -> Callable[..., DocumentReport]:
    def check(
        pdf: bytes, policy: ValidationPolicy = outgoing, at: datetime = NOW
    ) -> DocumentReport:
        return validate_pdf(pdf, trust=trust, revocation=revocation, policy=policy, at=at)

    return check


@pytest.fixture(scope="session")
def with_text_field() -> bytes:
    """Return an unsigned page with a form field, as a hostile drafter might prepare it."""
    pdf = pikepdf.new()
    page = pdf.add_blank_page(page_size=(595, 842))
    font = pikepdf.Dictionary(
        Type=pikepdf.Name.Font, Subtype=pikepdf.Name.Type1, BaseFont=pikepdf.Name.Helvetica
    )
    picture = pdf.make_stream(
        b"BT /F 12 Tf 2 2 Td (World Health Organisation) Tj ET",
        Type=pikepdf.Name.XObject,
        Subtype=pikepdf.Name.Form,
        BBox=[0, 0, 200, 20],
        Resources=pikepdf.Dictionary(Font=pikepdf.Dictionary(F=font)),
    )
    field = pdf.make_indirect(
        pikepdf.Dictionary(
            Type=pikepdf.Name.Annot,
            Subtype=pikepdf.Name.Widget,
            FT=pikepdf.Name.Tx,
            T=pikepdf.String("payee"),
            V=pikepdf.String("World Health Organisation"),
            Rect=[72, 700, 272, 720],
            AP=pikepdf.Dictionary(N=picture),
            P=page.obj,
        )
    )
    page.obj.Annots = pdf.make_indirect(pikepdf.Array([field]))
    pdf.Root.AcroForm = pdf.make_indirect(pikepdf.Dictionary(Fields=[field]))
    out = io.BytesIO()
    pdf.save(out)
    return normalise(out.getvalue())
