"""What `congvan sample` puts in flight (văn bản mẫu): invented, as an office has them."""

from dataclasses import dataclass

from records.vocabulary import Channel, Urgency


@dataclass(frozen=True, slots=True)
class Arrived:
    """A document that came to an agency, and the verb it waits for."""

    agency: str
    waits_for: str
    organ: str
    reference: tuple[str, str]
    subject: str
    body: str
    opinion: str = ""
    #: symbols of the units: who leads, who cooperates
    lead: str = ""
    cooperating: tuple[str, ...] = ()
    #: days from the day of the directive until the deadline
    days: int = 10
    urgency: Urgency = Urgency.NORMAL
    channel: Channel = Channel.POST
    #: it came so many days ago
    days_ago: int = 0
    kind: str = "CV"


@dataclass(frozen=True, slots=True)
class Written:
    """A document an agency writes, and the verb it waits for."""

    agency: str
    waits_for: str
    kind: str
    subject: str
    body: str
    to: tuple[str, ...] = ()
    cooperating: tuple[str, ...] = ()
    urgency: Urgency = Urgency.NORMAL


ARRIVED = (
    # the deadline of this one has passed
    Arrived(
        "STTTT", "process", "Sở Tài chính", ("2874", "STC-QLNS"),
        "rà soát kinh phí thuê dịch vụ công nghệ thông tin quý III",
        "Đề nghị Sở Thông tin và Truyền thông rà soát, gửi số liệu kinh phí thuê dịch vụ công nghệ "
        "thông tin quý III để tổng hợp.",
        "Phòng CNTT rà soát, tham mưu văn bản trả lời đúng hạn.", "CNTT", days=4, days_ago=12,
    ),
    Arrived(
        "STTTT", "process", "Ủy ban nhân dân tỉnh Thái Nguyên", ("5127", "UBND-TH"),
        "báo cáo kết quả triển khai chữ ký số trong cơ quan nhà nước",
        "Yêu cầu Sở Thông tin và Truyền thông chủ trì, phối hợp với các sở, ban, ngành báo cáo kết "
        "quả triển khai chữ ký số trong cơ quan nhà nước trên địa bàn tỉnh.",
        "Phòng CNTT chủ trì, Phòng TTBC cung cấp số liệu tuyên truyền.", "CNTT", ("TTBC",),
        urgency=Urgency.URGENT,
    ),
    Arrived(
        "STTTT", "assign", "Bộ Thông tin và Truyền thông", ("4410", "BTTTT-CATTT"),
        "tăng cường bảo đảm an toàn thông tin dịp nghỉ Tết Nguyên đán",
        "Đề nghị các địa phương tổ chức trực giám sát an toàn thông tin 24/7 trong dịp nghỉ Tết.",
        "Phòng CNTT xây dựng phương án trực, báo cáo tôi.", "CNTT", days=7,
    ),
    Arrived(
        "STTTT", "complete", "Ủy ban nhân dân huyện Đại Từ", ("933", "UBND-VHTT"),
        "đề nghị hướng dẫn kết nối phần mềm quản lý văn bản và điều hành",
        "Đề nghị Sở Thông tin và Truyền thông hướng dẫn kết nối phần mềm của các xã với trục liên "
        "thông của tỉnh.",
        "Phòng CNTT hướng dẫn huyện thực hiện.", "CNTT",
    ),
    Arrived(
        "STTTT", "direct", "Ủy ban nhân dân tỉnh Thái Nguyên", ("62", "CĐ-UBND"),
        "bảo đảm thông tin liên lạc ứng phó mưa lũ",
        "Yêu cầu bảo đảm thông tin liên lạc thông suốt phục vụ chỉ đạo, điều hành ứng phó mưa lũ.",
        urgency=Urgency.EXPRESS, channel=Channel.FAX, kind="CĐ",
    ),
    Arrived(
        "STTTT", "direct", "Sở Nội vụ", ("1508", "SNV-CCHC"),
        "lấy ý kiến dự thảo Kế hoạch cải cách hành chính năm tới",
        "Sở Nội vụ gửi dự thảo Kế hoạch cải cách hành chính, đề nghị Quý cơ quan có ý kiến.",
    ),
    Arrived(
        "STTTT", "present", "Công an tỉnh Thái Nguyên", ("3321", "CAT-PA05"),
        "phối hợp rà soát điểm truy cập mạng không dây công cộng",
        "Công an tỉnh đề nghị phối hợp rà soát các điểm truy cập mạng không dây công cộng.",
        urgency=Urgency.VERY_URGENT,
    ),
    Arrived(
        "STTTT", "register_incoming", "Bưu điện tỉnh Thái Nguyên", ("417", "BĐT-KHKD"),
        "thông báo điều chỉnh thời gian phát bưu gửi",
        "Bưu điện tỉnh thông báo thời gian phát bưu gửi đến các cơ quan từ đầu tháng tới.",
        kind="TB",
    ),
    # the same letter of Sở Tài chính, sent once more by mail: the clerk is warned at registration
    Arrived(
        "STTTT", "register_incoming", "Sở Tài chính", ("2874", "STC-QLNS"),
        "rà soát kinh phí thuê dịch vụ công nghệ thông tin quý III",
        "Đề nghị Sở Thông tin và Truyền thông rà soát, gửi số liệu kinh phí thuê dịch vụ công nghệ "
        "thông tin quý III để tổng hợp. (Gửi lần hai.)",
        channel=Channel.MAIL,
    ),
    Arrived(
        "STTTT", "check_authenticity", "Hội Nhà báo tỉnh Thái Nguyên", ("88", "HNB"),
        "mời dự hội nghị tổng kết công tác báo chí",
        "Hội Nhà báo tỉnh trân trọng kính mời lãnh đạo Sở dự hội nghị tổng kết.",
        kind="GM", channel=Channel.HAND,
    ),
    Arrived(
        "UBND", "direct", "Bộ Nội vụ", ("7219", "BNV-VTLT"),
        "đôn đốc lập hồ sơ và nộp lưu hồ sơ điện tử",
        "Bộ Nội vụ đề nghị Ủy ban nhân dân tỉnh chỉ đạo các cơ quan lập hồ sơ điện tử.",
        urgency=Urgency.URGENT,
    ),
    Arrived(
        "UBND", "assign", "Sở Nông nghiệp và Phát triển nông thôn", ("2256", "SNN-KHTC"),
        "đề nghị phê duyệt chủ trương sửa chữa hồ chứa nước",
        "Sở Nông nghiệp và Phát triển nông thôn kính đề nghị Ủy ban nhân dân tỉnh xem xét.",
        "Phòng Tổng hợp thẩm định, trình Chủ tịch.", "TH",
    ),
    Arrived(
        "UBND", "check_authenticity", "Hội Chữ thập đỏ tỉnh Thái Nguyên", ("140", "HCTĐ"),
        "đề nghị hỗ trợ tổ chức ngày hội hiến máu tình nguyện",
        "Hội Chữ thập đỏ tỉnh đề nghị hỗ trợ địa điểm tổ chức ngày hội hiến máu.",
    ),
)  # fmt: skip

WRITTEN = (
    Written(
        "STTTT", "approve_content", "CV",
        "hướng dẫn gửi, nhận văn bản điện tử trên trục liên thông",
        "Sở Thông tin và Truyền thông hướng dẫn như sau:\n1. Văn bản gửi qua trục phải có chữ ký "
        "số của người có thẩm quyền và của cơ quan.\n2. Đề nghị Quý cơ quan phản hồi trạng thái "
        "trong ngày.",
        ("STC", "SNV"),
    ),
    Written(
        "STTTT", "check_format", "TB", "lịch bảo trì hệ thống thư điện tử công vụ",
        "Hệ thống thư điện tử công vụ tạm dừng từ 22 giờ 00 thứ Bảy đến 02 giờ 00 Chủ nhật để bảo "
        "trì.",
        ("UBND", "STC", "SNV"),
    ),
    Written(
        "STTTT", "sign", "CV", "phối hợp tập huấn sử dụng chữ ký số",
        "Sở Thông tin và Truyền thông đề nghị Quý cơ quan cử cán bộ tham gia tập huấn sử dụng chữ "
        "ký số.",
        ("STC",), urgency=Urgency.URGENT,
    ),
    Written(
        "STTTT", "number", "CV", "cung cấp số liệu hạ tầng số phục vụ báo cáo quý",
        "Sở Thông tin và Truyền thông đề nghị cung cấp số liệu hạ tầng số trước ngày 20.",
        ("SNV",),
    ),
    Written(
        "UBND", "comment", "QĐ", "thành lập Tổ công tác chuyển đổi số của tỉnh",
        "Điều 1. Thành lập Tổ công tác chuyển đổi số của tỉnh.\nĐiều 2. Tổ công tác có nhiệm vụ "
        "tham mưu, đôn đốc thực hiện chuyển đổi số.\nĐiều 3. Quyết định này có hiệu lực kể từ ngày "
        "ký.",
        ("STTTT", "STC", "SNV"), ("VX", "KSTT"),
    ),
    Written(
        "UBND", "sign", "KH", "triển khai chính quyền điện tử của tỉnh",
        "1. Mục tiêu: toàn bộ văn bản, trừ văn bản mật, được gửi nhận trên trục liên thông.\n"
        "2. Các sở, ban, ngành tổ chức thực hiện, báo cáo hằng quý.",
        ("STTTT", "STC", "SNV"),
    ),
)  # fmt: skip
