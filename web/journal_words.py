"""What the journal and the queues name by words of the code, in the officials' words (từ ngữ)."""

from typing import Any

from processes.catalogue import VERBS
from processes.steering import Steer
from web.door import language
from web.tongue import _, later

_ACTS: dict[str, Any] = {
    "accept_envelope": later("tiếp nhận gói tin liên thông"),
    "accept_invitation": later("tự lập tài khoản theo đường dẫn mời"),
    "add_agency": later("thêm cơ quan"),
    "add_code": later("thêm mã định danh"),
    "add_officer": later("thêm cán bộ"),
    "trust_receipt_key": later("công nhận khóa ký biên nhận của bên nhận"),
    "distrust_receipt_key": later("thôi công nhận khóa ký biên nhận của bên nhận"),
    "add_unit": later("thêm đơn vị"),
    "appoint": later("bố trí chức vụ"),
    "ask_back": later("yêu cầu lấy lại, thu hồi văn bản"),
    "begin_draft": later("tạo dự thảo"),
    "change_dossier": later("sửa hồ sơ"),
    "change_password": later("đổi mật khẩu"),
    "change_trust": later("thay đổi danh sách tin cậy, chính sách kiểm tra chữ ký số"),
    "check_signatures": later("kiểm tra chữ ký"),
    "choose_position": later("chọn chức vụ làm việc"),
    "close_dossier": later("kết thúc hồ sơ"),
    "complete_step": later("hoàn thành bước"),
    "decide_proposal": later("quyết định đề nghị"),
    "begin_signing": later("bắt đầu ký trên thiết bị"),
    "delegate": later("ủy quyền"),
    "disable_account": later("khóa tài khoản"),
    "download": later("tải tệp"),
    "end_keystore": later("thôi dùng chứng thư số"),
    "download_report": later("tải báo cáo kiểm tra chữ ký"),
    "enable_account": later("mở khóa tài khoản"),
    "end_position": later("thôi chức vụ"),
    "copy_document": later("ký số bản sao"),
    "export_evidence": later("xuất gói chứng cứ"),
    "end_trial": later("kết thúc áp dụng thử"),
    "hand_over_key": later("bàn giao khóa của cơ quan"),
    "invite": later("cấp đường dẫn mời"),
    "issue_account": later("cấp tài khoản"),
    "issue_token": later("cấp mã truy cập API"),
    "keep_signatures": later("bổ sung bằng chứng cho chữ ký số"),
    "load_samples": later("nạp văn bản mẫu"),
    "log_in": later("đăng nhập"),
    "log_in_refused": later("đăng nhập không thành công"),
    "log_out": later("đăng xuất"),
    "migrate_process": later("chuyển hồ sơ đang chạy sang bản khác"),
    "open_dossier": later("mở hồ sơ"),
    "propose": later("đề nghị"),
    "publish_master": later("ban hành quy trình mẫu"),
    "publish_process": later("ban hành quy trình"),
    "receive": later("tiếp nhận"),
    "receive_request": later("nhận yêu cầu của bên gửi"),
    "receive_status": later("nhận thông báo trạng thái"),
    "rehearse": later("diễn tập quy trình"),
    "register_keystore": later("đăng ký chứng thư số"),
    "replay": later("phát lại quá trình"),
    "reset_password": later("cấp lại mật khẩu"),
    "retry": later("cho chạy lại việc hỏng"),
    "return_migration": later("trả hồ sơ về bản quy trình cũ"),
    "resend_axis_packet": later("cho gửi lại gói tin trên trục"),
    "open_axis_packet": later("mở nội dung gói tin trên trục"),
    "revoke_token": later("thu hồi mã truy cập API"),
    "seed_demo": later("nạp dữ liệu trình diễn"),
    "send_envelope": later("gửi gói tin liên thông"),
    "send_request": later("gửi yêu cầu tới nơi nhận"),
    "supersede": later("ghi nhận văn bản bị thay thế"),
    "supersede_version": later("thay bản hiện hành của văn bản"),
    "try_key": later("ký thử"),
    "update_issued": later("cập nhật văn bản đã phát hành"),
    "urge": later("đôn đốc"),
    "use_agency_key": later("dùng khóa của cơ quan"),
    "verify_journal": later("kiểm tra nhật ký"),
    "view": later("xem"),
    "view_file": later("xem tệp"),
    "view_history": later("xem quá trình xử lý"),
    "want_second_person": later("chọn việc cần người thứ hai đồng ý"),
    "withdraw_delegation": later("chấm dứt ủy quyền"),
}
#: what an act on a run is recorded under, before its kind
_STEER = "steer_"
_OBJECTS: dict[str, Any] = {
    "account": later("tài khoản"),
    "agency": later("cơ quan"),
    "api_token": later("mã truy cập API"),
    "axis_packet": later("gói tin trên trục"),
    "change_request": later("yêu cầu của bên gửi"),
    "definition": later("quy trình"),
    "delegation": later("ủy quyền"),
    "dossier": later("hồ sơ"),
    "file": later("tệp"),
    "incident": later("sự cố"),
    "incoming_document": later("văn bản đến"),
    "installation": later("hệ thống"),
    "invitation": later("đường dẫn mời"),
    "journal": later("nhật ký"),
    "packet": later("gói tin"),
    "receipt_key": later("khóa ký biên nhận"),
    "key_handover": later("lần bàn giao khóa"),
    "key_use": later("lần dùng khóa"),
    "keystore": later("chứng thư số"),
    "migration": later("đợt chuyển hồ sơ"),
    "officer": later("cán bộ"),
    "outgoing_document": later("văn bản đi"),
    "position": later("chức vụ"),
    "process_instance": later("lần chạy quy trình"),
    "proposal": later("đề nghị"),
    "register": later("sổ đăng ký"),
    "trust_version": later("danh sách tin cậy"),
    "unit": later("đơn vị"),
    "work_item": later("việc"),
}
_JOBS: dict[str, Any] = {
    "accept_packet": later("Tiếp nhận gói tin"),
    "check_signatures": later("Kiểm tra chữ ký số của tệp"),
    "sign_journal_head": later("Ký đầu chuỗi nhật ký"),
    "sign_axis_log": later("Đóng dấu thời gian nhật ký trục"),
    "forward_axis": later("Chuyển tiếp lên trục cấp trên"),
    "ask_upstream": later("Nhận từ trục cấp trên"),
    "axis_silent": later("Trục liên thông không trả lời"),
    "complete_machine_item": later("Bước của máy"),
    "convert_draft": later("Chuyển dự thảo Word sang PDF"),
    "deliver_event": later("Chuyển thông báo giữa các quy trình"),
    "fire_timer": later("Nhắc hạn, đôn đốc theo giờ đã hẹn"),
    "keep_signatures": later("Bổ sung bằng chứng cho chữ ký số"),
    "migrate_runs": later("Chuyển hồ sơ sang bản khác"),
    "migrate_run": later("Chuyển lại một hồ sơ sang bản khác"),
    "packet_in_doubt": later("Đối chiếu nơi gửi gói tin"),
    "poll_axis": later("Nhận gói tin từ trục"),
    "receipt_in_doubt": later("Đối chiếu biên nhận"),
    "refresh_revocation": later("Cập nhật danh sách thu hồi chứng thư số"),
    "revocation_list_stale": later("Danh sách thu hồi chứng thư số hết hạn"),
    "send_change": later("Gửi yêu cầu lấy lại, thu hồi, cập nhật"),
    "send_envelope": later("Gửi văn bản qua trục"),
    "send_status": later("Báo trạng thái cho bên gửi"),
}


def act_words(act: str) -> str:
    """Return an act of the journal in words."""
    if act in _ACTS:
        return str(_ACTS[act])
    if act in VERBS:
        return _lower(VERBS[act].label(language()))
    if act.startswith(_STEER):
        kinds = {kind.value: kind.label(language()) for kind in Steer}
        return _lower(kinds.get(act.removeprefix(_STEER), _("điều hành hồ sơ")))
    return act


def _lower(label: str) -> str:
    return label[:1].lower() + label[1:]


def object_words(object_type: str) -> str:
    """Return what kind of thing a line of the journal is about."""
    return str(_OBJECTS.get(object_type, object_type))


def job_words(kind: str) -> str:
    """Return what a kind of job does."""
    return str(_JOBS.get(kind, kind))
