"""What is wrong in a message, where: `N.` missing, `R.` range, `M.` value, `T.` type, and a path.

The letters and the dotted element path are those a provincial hub answers with, so that
integrators read them at once; beside the code stands a sentence in Vietnamese and in English.
"""

import re
from dataclasses import dataclass
from typing import Final

#: the Vietnamese name of an element, found by the end of its path
LABELS: Final = {
    "From": "cơ quan gửi",
    "From.OrganId": "mã định danh cơ quan gửi",
    "From.OrganName": "tên cơ quan gửi",
    "To": "cơ quan nhận",
    "To.OrganId": "mã định danh cơ quan nhận",
    "To.OrganName": "tên cơ quan nhận",
    "OrganizationInCharge": "tên cơ quan chủ quản",
    "OrganAdd": "địa chỉ cơ quan",
    "Email": "thư điện tử",
    "Telephone": "số điện thoại",
    "Fax": "số fax",
    "DocumentId": "mã định danh văn bản",
    "Code.CodeNumber": "số văn bản",
    "Code.CodeNotation": "ký hiệu văn bản",
    "PromulgationInfo.Place": "địa danh",
    "PromulgationInfo.PromulgationDate": "ngày ban hành",
    "PromulgationDate": "ngày ban hành của văn bản liên quan",
    "DocumentType.Type": "mã loại văn bản",
    "DocumentType.TypeName": "tên loại văn bản",
    "Subject": "trích yếu nội dung",
    "Content": "nội dung tóm tắt",
    "SignerInfo.FullName": "họ tên người ký",
    "DueDate": "hạn trả lời",
    "ToPlaces.Place": "nơi nhận",
    "Priority": "độ khẩn",
    "Appendixes.Appendix": "tên phụ lục",
    "SphereOfPromulgation": "phạm vi lưu hành",
    "TyperNotation": "ký hiệu người soạn thảo",
    "PromulgationAmount": "số lượng bản phát hành",
    "PageAmount": "số trang",
    "SteeringType": "loại chỉ đạo",
    "ResponseFor": "văn bản liên quan",
    "ResponseFor.OrganId": "mã cơ quan của văn bản liên quan",
    "ResponseFor.Code": "số, ký hiệu của văn bản liên quan",
    "BussinessDocType": "loại nghiệp vụ",
    "BussinessDocReason": "lý do",
    "Paper": "cờ gửi kèm bản giấy",
    "BussinessDocumentInfo": "nội dung thay đổi của văn bản",
    "Bussiness.DocumentInfo": "cờ thay đổi nội dung",
    "Bussiness.DocumentReceiver": "cờ thay đổi nơi nhận",
    "Receiver.OrganId": "mã cơ quan được thêm hoặc bớt",
    "ReceiverType": "loại thay đổi nơi nhận",
    "OrganIdList.OrganId": "mã cơ quan áp dụng văn bản thay thế",
    "ReplacementInfoList": "danh sách văn bản bị thay thế",
    "StatusCode": "mã trạng thái",
    "Description": "mô tả",
    "Timestamp": "thời điểm",
    "AttachmentEncoded": "tệp đính kèm",
    "AttachmentEncoded.Attachment": "tệp đính kèm",
    "AttachmentName": "tên tệp đính kèm",
    "ContentId": "mã tệp đính kèm",
    "ContentTransferEncoded": "nội dung tệp đính kèm",
    "ContentType": "kiểu tệp đính kèm",
    "edXMLManifest": "danh mục tệp đính kèm",
    "edXML": "gói tin edXML",
    "MessageHeader": "phần tiêu đề của gói tin",
}


@dataclass(frozen=True)
class Finding:
    """One deviation (điểm chưa đúng): its code such as `N.From.OrganId` and two sentences."""

    code: str
    vi: str
    en: str


def label(path: str) -> str:
    """Return the Vietnamese name of the element at `path`, else the path itself."""
    names = re.sub(r"\[\d+\]", "", path).split(".")
    for start in range(len(names)):
        if found := LABELS.get(".".join(names[start:])):
            return found
    return path


def missing(path: str) -> Finding:
    """State that a required element is absent or empty (thiếu)."""
    return Finding(f"N.{path}", f"Thiếu {label(path)}.", f"{path} is missing.")


def out_of_range(path: str, vi: str, en: str) -> Finding:
    """State that a value is too long or too large (quá giới hạn)."""
    return Finding(
        f"R.{path}",
        f"{_capital(label(path))} vượt giới hạn ({vi}).",
        f"{path} is out of range ({en}).",
    )


def wrong_value(path: str, vi: str, en: str) -> Finding:
    """State that a value is not one of those allowed (giá trị không hợp lệ)."""
    return Finding(f"M.{path}", f"{_capital(label(path))} không hợp lệ: {vi}.", f"{path}: {en}.")


def wrong_type(path: str, value: str, vi: str, en: str = "") -> Finding:
    """State that a value does not have the expected shape (sai kiểu); long values are cut.

    `vi` says what is expected, `en` the same where it is not a shape that needs no words.
    """
    shown = value if len(value) <= 40 else f"{value[:40]}…"
    return Finding(
        f"T.{path}",
        f"{_capital(label(path))} sai kiểu dữ liệu: «{shown}» (cần {vi}).",
        f"{path} has the wrong type: {shown!r} (expected {en or vi}).",
    )


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
