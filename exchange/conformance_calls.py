"""Calls an axis must take or refuse: who calls, codes, what is no message (1, 4, 5)."""

from datetime import timedelta
from typing import Final

from exchange.axis_headers import PREFIX, sign
from exchange.conformance import Bench, Case, NotTried, Speaker, rows_of
from exchange.conformance_expectations import accepted, expect, one_packet, refused, sent
from exchange.gateway import MessageType
from exchange.identity import organ_key
from exchange.wire import Secret

EDOC, STATUS = MessageType.EDOC, MessageType.STATUS


def _signed(bench: Bench) -> str:
    rows = rows_of(bench.call("getAgenciesList"))
    return expect(any(row.get("code") for row in rows), f"{len(rows)} dòng")


def _wrong_secret(bench: Bench) -> str:
    own = bench.sender
    by = Speaker(own.system_id, Secret(f"{own.secret}-sai"), own.code)
    return refused(bench.call("getAgenciesList", by=by))


def _unknown_system(bench: Bench) -> str:
    by = Speaker(f"khong-co-{bench.trial}", bench.sender.secret, bench.sender.code)
    return refused(bench.call("getAgenciesList", by=by))


def _changed(bench: Bench) -> str:
    stated = {"servicetype": "eDoc", "messagetype": "edoc"}
    changed = {f"{PREFIX}messagetype": "status"}
    return refused(bench.call("getReceivedEdocList", stated, by=bench.receiver, change=changed))


def _changed_body(bench: Bench) -> str:
    data = bench.document()
    stated = {"servicetype": "eDoc", "messagetype": "edoc", "from": bench.sender.code}
    return refused(bench.call("sendEdoc", stated, data, instead=data + b"\n"))


def _stale(bench: Bench) -> str:
    return accepted(bench.call("getAgenciesList", at=bench.clock() - timedelta(hours=3)))


def _repeated(bench: Bench) -> str:
    own = bench.receiver
    stated = {"servicetype": "eDoc", "messagetype": "edoc"}
    headers = sign(stated, b"", own.system_id, own.secret, bench.clock())
    accepted(bench.repeat("getReceivedEdocList", headers))
    return accepted(bench.repeat("getReceivedEdocList", headers))


def _unknown_operation(bench: Bench) -> str:
    answer = bench.call("khongCoChucNangNay")
    return expect(not answer.is_ok and answer.status < 500, str(answer))


def _unknown_receiver(bench: Bench) -> str:
    code = f"X99.{bench.trial}"
    return refused(bench.send(bench.document([code]), [code]), "18")


def _two_codes(bench: Bench) -> str:
    rows = rows_of(bench.call("getAgenciesList"))
    own = organ_key(bench.receiver.code)
    ids = {row.get("id") for row in rows if organ_key(str(row.get("code"))) == own}
    codes = [str(row.get("code")) for row in rows if row.get("id") in ids and row.get("code")]
    if len(codes) < 2:
        raise NotTried(f"danh bạ chỉ có một mã cho {bench.receiver.code}")
    data = bench.document(codes)
    sent(bench, data, to=codes)
    found = len(bench.arrived(data))
    return expect(found == 1, f"{len(codes)} mã, {found} gói tin")


def _own(bench: Bench) -> str:
    data = bench.document([bench.sender.code])
    answer = bench.send(data, [bench.sender.code])
    if answer.is_ok:
        bench.arrived(data, by=bench.sender)
    return expect(answer.is_ok or answer.is_refusal, str(answer))


def _wrong_from(bench: Bench) -> str:
    return refused(bench.send(bench.document(sender=f"X98.{bench.trial}")))


def _other_from(bench: Bench) -> str:
    own = bench.sender
    by = Speaker(own.system_id, own.secret, f"X98.{bench.trial}")
    return refused(bench.send(bench.document(), by=by))


def _empty(bench: Bench) -> str:
    return refused(bench.send(b"", [bench.receiver.code]))


def _truncated(bench: Bench) -> str:
    data = bench.document()
    return refused(bench.send(data[: len(data) // 2], [bench.receiver.code]))


def _doctype(bench: Bench) -> str:
    head, mark, rest = bench.document().partition(b"?>")
    spoiled = head + mark + b'<!DOCTYPE edXML [<!ENTITY x "y">]>' + rest
    return refused(bench.send(spoiled, [bench.receiver.code]))


def _no_packet(bench: Bench) -> str:
    return refused(bench.call("getEdoc", {"docId": f"khong-co-{bench.trial}"}))


def _not_ours(bench: Bench) -> str:
    if bench.sender.system_id == bench.receiver.system_id:
        raise NotTried("bên gửi và bên nhận là một hệ thống; thêm --to-system-id")
    data = bench.document()
    sent(bench, data, to=[bench.receiver.code])
    packet = one_packet(bench, data)
    refused(bench.confirm(packet, "done", by=bench.sender))
    return refused(bench.call("getEdoc", {"docId": packet}, by=bench.sender))


CASES: Final = (
    Case(
        "1.1",
        _signed,
        "Lời gọi ký đúng",
        "a call signed well",
        "OK, có danh sách",
        "OK with rows",
    ),
    Case(
        "1.2",
        _wrong_secret,
        "Sai khóa bí mật",
        "a wrong secret",
        "từ chối",
        "a refusal",
    ),
    Case(
        "1.3",
        _unknown_system,
        "Hệ thống lạ",
        "an unknown system",
        "từ chối",
        "a refusal",
    ),
    Case(
        "1.4",
        _changed,
        "Tham số bị sửa sau khi ký",
        "a parameter changed after signing",
        "từ chối",
        "a refusal",
    ),
    Case(
        "1.5",
        _changed_body,
        "Nội dung bị sửa sau khi ký",
        "a body changed after signing",
        "từ chối",
        "a refusal",
    ),
    Case(
        "1.6",
        _stale,
        "Thời điểm ký cũ ba giờ",
        "a timestamp three hours old",
        "nhận: thiết bị kết nối đặt giờ một lần",
        "accepted: deployed clients set it once",
    ),
    Case(
        "1.7",
        _repeated,
        "Lời gọi lặp lại y nguyên",
        "the very same call again",
        "nhận cả hai lần",
        "accepted both times",
    ),
    Case(
        "1.8",
        _unknown_operation,
        "Chức năng không có",
        "an operation that is not there",
        "từ chối, không phải lỗi 5xx",
        "a refusal, no 5xx",
    ),
    Case(
        "4.1",
        _unknown_receiver,
        "Nơi nhận không tồn tại",
        "an unknown receiver",
        "từ chối, mã 18",
        "a refusal, code 18",
    ),
    Case(
        "4.2",
        _two_codes,
        "Hai mã của một cơ quan",
        "two codes of one agency",
        "một gói tin",
        "one packet",
    ),
    Case(
        "4.3",
        _own,
        "Gửi cho chính mình",
        "one's own agency",
        "câu trả lời xác định: nhận hoặc từ chối",
        "a defined answer: accepted or refused",
    ),
    Case(
        "4.4",
        _wrong_from,
        "Gửi thay cơ quan khác",
        "From of another agency",
        "từ chối",
        "a refusal",
    ),
    Case(
        "4.5",
        _other_from,
        "from khác với gói tin",
        "from unlike the message",
        "từ chối",
        "a refusal",
    ),
    Case(
        "5.1",
        _empty,
        "Gói tin rỗng",
        "an empty body",
        "từ chối, không phải lỗi 5xx",
        "a refusal, no 5xx",
    ),
    Case(
        "5.2",
        _truncated,
        "Gói tin bị cắt cụt",
        "a truncated message",
        "từ chối",
        "a refusal",
    ),
    Case(
        "5.3",
        _doctype,
        "Gói tin có DOCTYPE",
        "a message with a DOCTYPE",
        "từ chối",
        "a refusal",
    ),
    Case(
        "5.4",
        _no_packet,
        "Gói tin không có",
        "a packet that is not there",
        "từ chối, không phải lỗi 5xx",
        "a refusal, no 5xx",
    ),
    Case(
        "5.5",
        _not_ours,
        "Gói tin của hệ thống khác",
        "a packet of another system",
        "từ chối",
        "a refusal",
    ),
)
