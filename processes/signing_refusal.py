"""Why a signature is not asked for, or not taken (từ chối phiên ký số)."""

from engine.errors import OfficeError


class NothingToSign(OfficeError):
    """The step as filled in asks for no signature (bước này không có gì để ký)."""

    code = "nothing-to-sign"
    status = 409
    vi = "Bước này không có văn bản nào chờ ký. Tải lại trang để xem trạng thái mới nhất."
    en = "Nothing waits for a signature at this step. Reload to see the current state."


class NoDeskKey(OfficeError):
    """No certificate of a device is registered for the signer (chưa đăng ký thiết bị ký)."""

    code = "no-desk-key"
    status = 409
    vi = (
        "Chưa đăng ký chứng thư số trên thiết bị (USB token) cho người ký hoặc cơ quan này. "
        "Đề nghị quản trị đăng ký, hoặc ký bằng kho khóa."
    )
    en = "No certificate on a token is registered for this signer. Ask the administrator."


class OtherDeskKey(OfficeError):
    """The certificate offered is not the registered one (không đúng chứng thư số đã đăng ký)."""

    code = "other-desk-key"
    status = 422
    vi = "Chứng thư số gửi lên không phải chứng thư số đã đăng ký để ký. Cắm đúng USB token."
    en = "The certificate is not the registered one. Use the right token."


class SigningUnderWay(OfficeError):
    """Somebody else is signing this document (văn bản đang được người khác ký)."""

    code = "signing-under-way"
    status = 409
    vi = "{name} đang ký văn bản này trên thiết bị. Chờ người đó ký xong hoặc hủy, rồi thử lại."
    en = "{name} is signing this document. Wait until that is done or cancelled."


class SessionExpired(OfficeError):
    """Nobody signed in time (phiên ký đã hết hạn)."""

    code = "signing-session-expired"
    status = 410
    vi = "Phiên ký đã quá {minutes} phút nên hết hạn. Văn bản chưa được ký; hãy bấm ký lại."
    en = "Nobody signed within {minutes} minutes. Nothing was signed; begin again."


class SessionClosed(OfficeError):
    """The session has ended in another way (phiên ký đã kết thúc)."""

    code = "signing-session-closed"
    status = 409
    vi = "Phiên ký này đã kết thúc ({state}). Tải lại trang để xem trạng thái mới nhất."
    en = "This signing session has ended ({state}). Reload to see the current state."


class AddressUsed(OfficeError):
    """A one-time address was used before (địa chỉ dùng một lần đã được dùng)."""

    code = "address-used"
    status = 410
    vi = "Địa chỉ tải văn bản này chỉ dùng một lần và đã được dùng. Trên trang Congvan, bấm ký lại."
    en = "This address works once and was used. Begin signing again on the page."


class SessionOutdated(OfficeError):
    """What would be signed now is no longer what was signed (văn bản hoặc số đã thay đổi)."""

    code = "signing-session-outdated"
    status = 409
    vi = (
        "Văn bản, số hoặc ngày đã thay đổi trong lúc chờ ký (chẳng hạn số vừa cấp cho văn bản "
        "khác). Chữ ký vừa rồi không được dùng; hãy bấm ký lại."
    )
    en = (
        "The document, its number or its date changed while the signature was waited for. That "
        "signature is not used; begin again."
    )
