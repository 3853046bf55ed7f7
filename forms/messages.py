"""What is said beside a field (thông báo tại ô nhập), in both languages."""

from typing import Any

_MESSAGES: dict[str, tuple[str, str]] = {
    "required": ("Chưa nhập “{label}”.", "Enter “{label}”."),
    "required-choice": ("Chưa chọn “{label}”.", "Choose “{label}”."),
    "required-file": ("Chưa đính kèm “{label}”.", "Attach “{label}”."),
    "required-true": ("Cần đánh dấu “{label}”.", "Tick “{label}”."),
    "text": ("“{label}” phải là chữ.", "“{label}” must be text."),
    "sign": (
        "“{label}” có ký tự điều khiển không dùng được; hãy xóa và gõ lại.",
        "“{label}” holds control characters; delete and type it again.",
    ),
    "old-encoding": (
        "“{label}” gõ bằng bảng mã cũ (TCVN3 hoặc VNI). Chuyển sang Unicode rồi gõ hoặc dán lại.",
        "“{label}” is typed in an old encoding (TCVN3 or VNI); convert it to Unicode first.",
    ),
    "one-line": ("“{label}” chỉ viết trên một dòng.", "“{label}” takes a single line."),
    "min-length": (
        "“{label}” phải có ít nhất {limit} ký tự.",
        "“{label}” needs at least {limit} characters.",
    ),
    "max-length": (
        "“{label}” không quá {limit} ký tự (đang có {found}).",
        "“{label}” takes at most {limit} characters (there are {found}).",
    ),
    "pattern": ("“{label}” không đúng định dạng.", "“{label}” is not in the right format."),
    "email": (
        "“{label}” phải là địa chỉ thư điện tử, ví dụ vanthu@coquan.gov.vn.",
        "“{label}” must be an e-mail address, such as vanthu@coquan.gov.vn.",
    ),
    "phone": (
        "“{label}” phải là số điện thoại, ví dụ 0912 345 678.",
        "“{label}” must be a telephone number, such as 0912 345 678.",
    ),
    "number": ("“{label}” phải là số.", "“{label}” must be a number."),
    "whole": ("“{label}” phải là số nguyên.", "“{label}” must be a whole number."),
    "decimals": (
        "“{label}” có tối đa {limit} chữ số thập phân.",
        "“{label}” takes at most {limit} decimals.",
    ),
    "ambiguous": (
        "“{label}” viết chưa rõ: dùng dấu phẩy cho phần thập phân, ví dụ 1234,5.",
        "“{label}” is ambiguous: write the decimals after a comma, such as 1234,5.",
    ),
    "min": ("“{label}” phải từ {limit} trở lên.", "“{label}” must be {limit} or more."),
    "max": ("“{label}” không được lớn hơn {limit}.", "“{label}” must be {limit} or less."),
    "date": (
        "“{label}” phải là ngày có thật, viết ngày/tháng/năm, ví dụ 22/11/2026.",
        "“{label}” must be a real date written day/month/year, such as 22/11/2026.",
    ),
    "year": ("“{label}”: năm phải từ 1900 đến 2199.", "“{label}”: the year must be 1900 to 2199."),
    "time": (
        "“{label}” phải là giờ có thật, ví dụ 16:30.",
        "“{label}” must be a real time, such as 16:30.",
    ),
    "datetime": (
        "“{label}” phải là ngày giờ có thật, ví dụ 22/11/2026 16:30.",
        "“{label}” must be a real date and time, such as 22/11/2026 16:30.",
    ),
    "past": ("“{label}” không được là ngày đã qua.", "“{label}” must not be in the past."),
    "boolean": ("“{label}” chỉ nhận có hoặc không.", "“{label}” must be true or false."),
    "choice": (
        "Giá trị của “{label}” không có trong danh sách; hãy chọn lại.",
        "The value of “{label}” is not on the list; choose again.",
    ),
    "list": ("“{label}” phải là một danh sách.", "“{label}” must be a list."),
    "group": ("“{label}” phải là một nhóm dữ liệu.", "“{label}” must be an object."),
    "one-file": ("“{label}” chỉ nhận một tệp.", "“{label}” takes a single file."),
    "no-file": (
        "Tệp của “{label}” không còn trên máy chủ; hãy đính kèm lại.",
        "A file of “{label}” is no longer on the server; attach it again.",
    ),
    "file-type": (
        "“{label}” chỉ nhận tệp {limit} (tệp “{found}” không phải).",
        "“{label}” takes only {limit} files (“{found}” is not one).",
    ),
    "file-size": (
        "Tệp “{found}” lớn hơn mức cho phép {limit}.",
        "The file “{found}” is larger than the allowed {limit}.",
    ),
    "min-rows": ("“{label}” cần ít nhất {limit} dòng.", "“{label}” needs at least {limit} rows."),
    "max-rows": ("“{label}” không quá {limit} dòng.", "“{label}” takes at most {limit} rows."),
    "check": ("“{label}” chưa hợp lệ.", "“{label}” is not acceptable."),
    "unknown": (
        "Biểu mẫu không có mục “{label}”; nếu trang mở đã lâu, hãy tải lại rồi nhập tiếp.",
        "The form has no field “{label}”; if the page has been open long, reload it.",
    ),
    "row": ("Dòng {row}: {message}", "Row {row}: {message}"),
}


def say(name: str, language: str, **fields: Any) -> str:
    """Return one message in `vi` or `en`."""
    vi, en = _MESSAGES[name]
    return (en if language == "en" else vi).format_map(fields)
