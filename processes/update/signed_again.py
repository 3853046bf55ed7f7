"""What takes the place of a signed file is signed itself (ký số lại)."""

from datetime import datetime

from engine.errors import OfficeError
from processes.means import Means
from processes.order import Upload
from processes.verify import Examination, examine_pdf
from records.inspection import PDF
from records.vocabulary import Authenticity


class UpdateNotSigned(OfficeError):
    """A new version of an issued document is signed like the first (bản mới chưa ký số hợp lệ)."""

    code = "update-not-signed"
    citation = "Nghị định 30/2020/NĐ-CP, Điều 18, 32"
    vi = (
        "Bản mới «{name}» của văn bản đã phát hành phải là tệp PDF có chữ ký số hợp lệ (kết quả "
        "kiểm tra: {verdict}). Ký số lại rồi tải lên, hoặc ban hành văn bản thay thế."
    )
    en = (
        "The new version «{name}» of an issued document is a PDF with valid signatures (found: "
        "{verdict}). Sign it again and upload it, or issue a document that replaces the first."
    )


def ensure_signed(means: Means, upload: Upload, now: datetime) -> Examination:
    """Return the examination of a PDF whose signatures are valid; raises `UpdateNotSigned`."""
    verdict = Authenticity.UNSIGNED
    if upload.stored.media_type == PDF:
        examination = examine_pdf(means, means.content.read(upload.stored.sha256), now)
        if examination.authenticity is Authenticity.VALID:
            return examination
        verdict = examination.authenticity
    raise UpdateNotSigned(name=upload.name, verdict=verdict.vi)
