"""Calls as deployed clients make them, habits of the adapter's own SDK included (6)."""

from hashlib import sha256
from typing import Final

from exchange.axis_headers import sign
from exchange.conformance import Answer, Bench, Case, NotTried, rows_of
from exchange.conformance_expectations import accepted, expect, one_packet, refused, sent
from exchange.gateway import MessageType

EDOC, STATUS = MessageType.EDOC, MessageType.STATUS


def _line_break(bench: Bench) -> str:
    """Send a file as that SDK does: a line break behind it, its digest without leading zeros."""
    data = bench.document()
    while min(sha256(data).digest()) >= 16:
        data = bench.document()
    digest = "".join(f"{byte:x}" for byte in sha256(data).digest())
    stated = {"servicetype": "eDoc", "messagetype": "edoc", "from": bench.sender.code}
    own = bench.sender
    headers = sign({**stated, "hash-file": digest}, b"", own.system_id, own.secret, bench.clock())
    accepted(bench.repeat("sendEdoc", headers, data + b"\r\n"))
    return one_packet(bench, data)


def _left_over(bench: Bench) -> str:
    """List with what an earlier call left: its digest, and a body that means nothing."""
    stated = {"servicetype": "eDoc", "messagetype": "edoc", "hash-file": "0" * 64}
    own = bench.receiver
    headers = sign({**stated, **bench.today()}, b"", own.system_id, own.secret, bench.clock())
    return accepted(bench.repeat("getReceivedEdocList", headers, b"{}"))


def _vietnamese(bench: Bench) -> str:
    """Confirm with a reason in Vietnamese, as UTF-8 and signed as such."""
    data = bench.document()
    sent(bench, data, to=[bench.receiver.code])
    stated = {"docId": one_packet(bench, data), "status": "fail", "description": "Lỗi tệp đính kèm"}
    own = bench.receiver
    headers = sign(stated, b"", own.system_id, own.secret, bench.clock(), ascii_only=False)
    return accepted(bench.repeat("updateStatus", headers))


def _count(bench: Bench) -> str:
    before = _counted(bench.call("countReceiveEdoc", by=bench.receiver, method="GET"))
    data = bench.document()
    sent(bench, data, to=[bench.receiver.code])
    after = _counted(bench.call("countReceiveEdoc", by=bench.receiver, method="GET"))
    one_packet(bench, data)
    return expect(after > before, f"{before} → {after}")


def _count_status(bench: Bench) -> str:
    before = _counted(bench.call("countReceiveStatus", method="GET"))
    data = bench.status_of(bench.envelope())
    sent(bench, data, kind=STATUS, by=bench.receiver)
    after = _counted(bench.call("countReceiveStatus", method="GET"))
    one_packet(bench, data, STATUS, bench.sender)
    return expect(after > before, f"{before} → {after}")


def _counted(answer: Answer) -> int:
    if str(answer.told.get("ErrorCode")) == "404" or answer.status in {404, 405, 501}:
        raise NotTried(f"trục không có chức năng này: {answer}")
    accepted(answer)
    count = answer.told.get("count")
    expect(isinstance(count, int), f"count {count!r}")
    assert isinstance(count, int)
    return count


def _download(bench: Bench) -> str:
    data = bench.document()
    sent(bench, data, to=[bench.receiver.code])
    stated = {"docId": one_packet(bench, data)}
    status, got = bench.raw("downloadEdoc", stated, by=bench.receiver, method="GET")
    if status in {404, 405, 501}:
        raise NotTried(f"trục không có chức năng này: HTTP {status}")
    return expect(got == data, f"HTTP {status}, {len(got)} byte, đã gửi {len(data)}")


def _download_nothing(bench: Bench) -> str:
    stated = {"docId": f"khong-co-{bench.trial}"}
    status, got = bench.raw("downloadEdoc", stated, by=bench.receiver, method="GET")
    return expect(status < 500 and not got, f"HTTP {status}, {len(got)} byte")


def _new_codes(bench: Bench) -> str:
    answer = bench.call("getAgenciesListQD20")
    if str(answer.told.get("ErrorCode")) == "404" or answer.status in {404, 405, 501}:
        raise NotTried(f"trục không có chức năng này: {answer}")
    rows = rows_of(answer)
    whole = all(row.get("code") and "code102" in row for row in rows)
    return expect(bool(rows) and whole, f"{len(rows)} dòng")


def _refused_send(bench: Bench) -> str:
    answer = bench.send(bench.document([f"khong-co-{bench.trial}"]))
    refused(answer)
    return expect("DocId" in answer.told, f"{answer}, DocId: {answer.told.get('DocId')!r}")


CASES: Final = (
    Case(
        "6.1",
        _line_break,
        "Gửi như SDK: xuống dòng sau tệp, mã băm thiếu số 0",
        "sent as the SDK does: a line break behind the file, zeros missing in its digest",
        "OK, nơi nhận có đúng các byte của tệp",
        "OK, the receiver has the bytes of the file",
    ),
    Case(
        "6.2",
        _left_over,
        "Lời gọi mang hash-file và nội dung của lần trước",
        "a list with the hash-file and body of another call",
        "OK: SDK giữ lại tiêu đề cũ",
        "OK: the SDK keeps its headers",
    ),
    Case(
        "6.3",
        _vietnamese,
        "Tham số tiếng Việt ký theo UTF-8",
        "a parameter in Vietnamese, signed as UTF-8",
        "OK",
        "OK",
    ),
    Case(
        "6.4",
        _count,
        "countReceiveEdoc",
        "countReceiveEdoc",
        "tăng khi có văn bản mới",
        "grows with a new document",
    ),
    Case(
        "6.5",
        _count_status,
        "countReceiveStatus",
        "countReceiveStatus",
        "tăng khi có trạng thái mới",
        "grows with a new status",
    ),
    Case(
        "6.6",
        _download,
        "downloadEdoc",
        "downloadEdoc",
        "đúng từng byte, không bọc JSON",
        "byte for byte, no JSON around it",
    ),
    Case(
        "6.7",
        _download_nothing,
        "downloadEdoc gói tin không có",
        "downloadEdoc of a packet that is not there",
        "không có nội dung: SDK lưu mọi nội dung thành tệp",
        "no body: the SDK keeps any body as the file",
    ),
    Case(
        "6.8",
        _new_codes,
        "getAgenciesListQD20",
        "getAgenciesListQD20",
        "mỗi dòng có code và code102",
        "each row has code and code102",
    ),
    Case(
        "6.9",
        _refused_send,
        "Từ chối một lần gửi",
        "a send is refused",
        "có trường DocId, dù trống: SDK mất lý do khi thiếu",
        "DocId is there, even if empty: the SDK loses the reason where it lacks",
    ),
)
