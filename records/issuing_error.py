"""Why a document cannot be kept, registered, issued or exchanged, in the officials' words."""

from engine.errors import OfficeError
from records.vocabulary import Term


class ExchangeHindrance(Term):
    """Lý do không được trao đổi trên hệ thống (Quy chế, Điều 3.5, 5.3, 6.2)."""

    SECRET = "secret", "văn bản thuộc loại mật, tối mật, tuyệt mật", "it is of a secret class"
    PETITION = (
        "petition",
        "đơn thư tranh chấp, khiếu nại, tố cáo",
        "it is a dispute petition, complaint or denunciation",
    )
    SPECIAL = (
        "special",
        "loại văn bản đặc biệt theo danh mục của cơ quan",
        "its kind is on the agency's list of special documents",
    )
    UNSIGNED = (
        "unsigned",
        "chưa có chữ ký số của người có thẩm quyền",
        "the competent person has not signed it",
    )
    UNSEALED = "unsealed", "chưa ký số của cơ quan", "the agency has not sealed it"


class NotExchangeable(OfficeError):
    """The document may not leave over the network (không được trao đổi trên hệ thống)."""

    code = "not-exchangeable"
    citation = "Quy chế kèm theo QĐ 188/2018/QĐ-UBND, Điều 3.5, 5.3, 6.2"
    vi = (
        "Không được phát hành, trao đổi văn bản «{reference}» trên hệ thống: {reason_vi}. "
        "Hãy phát hành bằng bản giấy theo quy định hoặc hoàn tất bước còn thiếu."
    )
    en = (
        "«{reference}» may not be issued or exchanged here: {reason_en}. "
        "Issue it on paper, or finish the step that is missing."
    )


class PaperOnly(OfficeError):
    """Such a document leaves on paper only, if at all (chỉ được phát hành bản giấy)."""

    code = "paper-only"
    citation = "Quy chế kèm theo QĐ 188/2018/QĐ-UBND, Điều 5.3, 6.2"
    vi = (
        "Văn bản «{reference}» không bao giờ được phát hành, gửi qua mạng: {reason_vi}. Nếu vẫn "
        "soạn ở đây để in và gửi bản giấy thì đánh dấu «Chỉ phát hành bản giấy» ở bước soạn thảo "
        "rồi gửi lại; nếu không, thôi soạn trên hệ thống. Người ký thì trả lại người soạn."
    )
    en = (
        "«{reference}» may never leave over the network: {reason_en}. To draft it here for paper, "
        "tick “Paper only” in the draft and send again; else do not draft it here. Whoever is to "
        "sign returns it to the drafter."
    )


class NotSigned(OfficeError):
    """The competent person has not signed (văn bản chưa được ký)."""

    code = "not-signed"
    citation = "Quy chế kèm theo QĐ 188/2018/QĐ-UBND, Điều 3.5, 7.2"
    vi = (
        "Văn bản «{reference}» chưa được người có thẩm quyền ký nên chưa thể cấp số, "
        "đóng dấu, phát hành. Hãy trình ký trước."
    )
    en = "«{reference}» is not signed yet, so it cannot be numbered, sealed or issued."


class SecretRefused(OfficeError):
    """A secret document has no content here (không đưa văn bản mật lên hệ thống)."""

    code = "secret-refused"
    citation = "Luật Bảo vệ bí mật nhà nước; Quy chế kèm theo QĐ 188/2018/QĐ-UBND, Điều 3.4"
    vi = (
        "Không đưa văn bản «{secrecy}» lên hệ thống nối mạng. Quản lý bản giấy theo quy định về "
        "bảo vệ bí mật nhà nước; chỉ ghi sổ theo dõi riêng (số, ngày, nơi gửi, người giữ) "
        "nếu cơ quan đã cho mở sổ."
    )
    en = (
        "A document of class «{secrecy}» does not enter this networked system; at most a bare "
        "stub in the separate register, where the agency keeps one."
    )


class SourceFileMissing(OfficeError):
    """An important document needs its source and digitised files (thiếu tệp dữ liệu gốc)."""

    code = "source-file-missing"
    citation = "Quy chế kèm theo QĐ 188/2018/QĐ-UBND, Điều 3.6"
    vi = "{kind} phải kèm đủ tệp trước khi phát hành; còn thiếu: {missing}."
    en = "{kind} is issued only with its digitised and its source file; missing: {missing}."


class PaperCopiesMissing(OfficeError):
    """Original and file copy must have their place (chưa ghi nơi lưu hai bản giấy)."""

    code = "paper-copies-missing"
    citation = "Quy chế kèm theo QĐ 188/2018/QĐ-UBND, Điều 7.2c"
    vi = (
        "Văn bản «{reference}» có bản giấy: ghi nơi lưu bản gốc (văn thư) và bản chính (hồ sơ) "
        "trước khi kết thúc."
    )
    en = "«{reference}» is also on paper: say where original and file copy are kept."


class MissingFields(OfficeError):
    """Fields the law demands are empty (chưa khai báo đủ)."""

    code = "missing-fields"
    citation = "Quy chế kèm theo QĐ 188/2018/QĐ-UBND, Điều 4.3"
    vi = "Chưa khai báo đủ thông tin: {names}."
    en = "These fields are still empty: {names}."


class FieldTooLong(OfficeError):
    """A field is longer than Phụ lục VI allows (quá số ký tự cho phép)."""

    code = "field-too-long"
    citation = "Nghị định 30/2020/NĐ-CP, Phụ lục VI, phần II"
    vi = "Mục «{field}» dài {length} ký tự, chỉ được tối đa {limit}. Hãy rút gọn."
    en = "The field «{field}» has {length} characters; at most {limit} are allowed."


class DocumentFrozen(OfficeError):
    """Recalled or under a hold, nothing may change (văn bản đã đóng băng)."""

    code = "document-frozen"
    status = 409
    citation = "Nghị định 30/2020/NĐ-CP, Phụ lục VI, phần I (thu hồi)"
    vi = "Văn bản «{reference}» đã bị đóng băng theo lệnh thu hồi hoặc lưu giữ nên không sửa được."
    en = "«{reference}» is frozen by a recall or a hold; it cannot be changed."
