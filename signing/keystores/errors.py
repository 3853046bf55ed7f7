"""What a token or a service that holds keys refuses (lỗi thiết bị ký)."""

from signing.errors import KeystoreRefused, SigningError


class WrongPin(KeystoreRefused):
    """The token or the service refuses the PIN (sai mã PIN)."""

    code = "wrong-pin"
    vi = (
        "Sai mã PIN của khóa ký số. Còn {left} lần nhập trước khi hệ thống dừng lại để khóa không "
        "bị khóa lại. Hãy kiểm tra bàn phím (Caps Lock, bộ gõ) rồi nhập lại."
    )
    en = (
        "The PIN is refused. {left} tries are left before we stop, so that the key is not "
        "locked. Check the keyboard and try again."
    )


class PinPaused(KeystoreRefused):
    """Too many wrong PINs; we stop before the token locks itself (tạm dừng nhập PIN)."""

    code = "pin-paused"
    status = 429
    vi = (
        "Đã nhập sai mã PIN quá số lần cho phép nên hệ thống dừng đến {until} để thiết bị ký không "
        "bị khóa. Hãy hỏi lại mã PIN đúng trước khi nhập tiếp."
    )
    en = (
        "The PIN was wrong too often; we wait until {until} so that the token is not locked. "
        "Make sure of the PIN before you go on."
    )


class LastTry(KeystoreRefused):
    """The token has one try left, which we do not use (chỉ còn một lần nhập PIN)."""

    code = "last-pin-try"
    status = 409
    vi = (
        "Thiết bị ký báo chỉ còn một lần nhập mã PIN trước khi bị khóa nên hệ thống dừng lại. Hãy "
        "đăng nhập đúng một lần bằng phần mềm của nhà cung cấp thiết bị, rồi ký lại tại đây."
    )
    en = (
        "The token has one PIN try left, so we stop. Log in once with its maker's program, then "
        "sign here again."
    )


class PinLocked(KeystoreRefused):
    """The token has locked its PIN (mã PIN bị khóa)."""

    code = "pin-locked"
    status = 409
    vi = (
        "Mã PIN của thiết bị ký đã bị khóa. Hãy mở khóa bằng mã quản trị (PUK, SO PIN) hoặc liên "
        "hệ nơi cấp chứng thư số."
    )
    en = "The PIN of the token is locked. Unlock it with its PUK or ask who issued the certificate."


class TokenGone(SigningError):
    """The token is not in, or was pulled out (không thấy thiết bị ký)."""

    code = "token-gone"
    status = 409
    vi = (
        "Không thấy thiết bị ký «{token}», hoặc thiết bị bị rút ra trong khi ký. Văn bản chưa được "
        "ký. Hãy cắm lại thiết bị rồi ký lại."
    )
    en = (
        "The token {token!r} is not in, or was pulled out while signing. Nothing was signed. "
        "Put it in again and sign again."
    )


class TokenBusy(SigningError):
    """Somebody else signs with this token (thiết bị đang được dùng)."""

    code = "token-busy"
    status = 409
    vi = "Thiết bị ký «{token}» đang được dùng để ký văn bản khác. Hãy thử lại sau ít phút."
    en = "The token {token!r} is in use. Try again in a few minutes."


class TokenLibraryRefused(SigningError):
    """The PKCS#11 library of the token cannot be loaded (không nạp được thư viện thiết bị ký)."""

    code = "token-library-refused"
    vi = (
        "Không nạp được thư viện của thiết bị ký tại {path}. Báo quản trị kiểm tra việc cài đặt "
        "phần mềm của nhà cung cấp thiết bị."
    )
    en = (
        "The token's library at {path} cannot be loaded. Ask the administrator to check how the "
        "maker's program is installed."
    )


class KeyNotFound(SigningError):
    """The token does not hold exactly one such key with its certificate (không thấy khóa)."""

    code = "key-not-found"
    vi = (
        "Thiết bị ký «{token}» không có đúng một khóa và chứng thư số tên «{label}» (thấy {found})."
        " Báo quản trị chọn lại chứng thư số."
    )
    en = (
        "The token {token!r} does not hold exactly one key and certificate {label!r} ({found} "
        "found). Ask the administrator to choose the certificate again."
    )


class RemoteUnreachable(SigningError):
    """The remote signing service does not answer sensibly in time (dịch vụ ký từ xa không đáp)."""

    code = "remote-unreachable"
    status = 502
    vi = (
        "Dịch vụ ký số từ xa {host} không trả lời hoặc trả lời không đọc được. Văn bản chưa được "
        "ký. Hãy thử lại sau ít phút; nếu vẫn lỗi, báo quản trị."
    )
    en = (
        "The remote signing service {host} does not answer, or not sensibly. Nothing was signed. "
        "Try again in a few minutes."
    )


class RemoteLoginEnded(SigningError):
    """The login at the remote signing service has ended (hết phiên đăng nhập dịch vụ ký)."""

    code = "remote-login-ended"
    status = 409
    vi = "Phiên đăng nhập dịch vụ ký số từ xa {host} đã hết. Hãy đăng nhập lại dịch vụ rồi ký lại."
    en = "The login at the remote signing service {host} has ended. Log in there and sign again."


class RemoteRefused(SigningError):
    """The remote signing service refuses to sign (dịch vụ ký từ xa từ chối)."""

    code = "remote-refused"
    status = 409
    vi = (
        "Dịch vụ ký số từ xa từ chối ký ({reason}). Văn bản chưa được ký. Hãy kiểm tra chứng thư "
        "số tại dịch vụ hoặc ký bằng phần mềm của dịch vụ, rồi báo quản trị."
    )
    en = (
        "The remote signing service refuses to sign ({reason}). Nothing was signed. Check the "
        "certificate there, or sign with the service's own program."
    )
