"""Documents and statuses through an axis: what must arrive, how often, and who is told (2, 3)."""

from hashlib import sha256
from typing import Any, Final

from exchange.conformance import Bench, Case, Unmet, rows_of
from exchange.conformance_expectations import accepted, expect, one_packet, refused, sent
from exchange.gateway import MessageType
from exchange.identity import organ_key

EDOC, STATUS = MessageType.EDOC, MessageType.STATUS


def _document(bench: Bench) -> str:
    data = bench.document()
    sent(bench, data, to=[bench.receiver.code])
    fetched = bench.fetch(one_packet(bench, data))
    return expect(fetched == data, f"SHA-256 {sha256(fetched).hexdigest()[:16]}…")


def _receivers_in_message(bench: Bench) -> str:
    data = bench.document()
    sent(bench, data)
    return one_packet(bench, data)


def _row(bench: Bench) -> str:
    data = bench.document()
    sent(bench, data, to=[bench.receiver.code])
    (row,) = bench.arrived(data) or [{}]
    missing = [n for n in ("docId", "messageType", "from", "to", "created_time") if not row.get(n)]
    said = organ_key(str(row.get("from"))) == organ_key(bench.sender.code)
    return expect(
        not missing and said, f"thiếu: {', '.join(missing) or 'không'}, from: {row.get('from')}"
    )


def _listed_again(bench: Bench) -> str:
    data = bench.document()
    sent(bench, data, to=[bench.receiver.code])
    packet = one_packet(bench, data)
    return expect(packet in bench.waiting(), f"lần hai {packet in bench.waiting()}")


def _processing(bench: Bench) -> str:
    data = bench.document()
    sent(bench, data, to=[bench.receiver.code])
    packet = one_packet(bench, data)
    accepted(bench.confirm(packet, "processing"))
    return expect(
        packet in bench.waiting(),
        "không còn trong danh sách" if packet not in bench.waiting() else "còn",
    )


def _done(bench: Bench) -> str:
    data = bench.document()
    sent(bench, data, to=[bench.receiver.code])
    packet = one_packet(bench, data)
    accepted(bench.confirm(packet, "done"))
    accepted(bench.confirm(packet, "done"))
    gone = packet not in bench.waiting()
    return expect(gone, "hết" if gone else "vẫn còn trong danh sách")


def _failed(bench: Bench) -> str:
    data = bench.document()
    receipt = sent(bench, data, to=[bench.receiver.code])
    packet = one_packet(bench, data)
    accepted(bench.confirm(packet, "fail", "Không đọc được"))
    gone, row = packet not in bench.waiting(), _sent_row(bench, receipt)
    told = row.get("receiveStatus")
    return expect(gone and told == "fail", f"receiveStatus {told}, còn trong danh sách: {not gone}")


def _bad_outcome(bench: Bench) -> str:
    data = bench.document()
    sent(bench, data, to=[bench.receiver.code])
    packet = one_packet(bench, data)
    seen = refused(bench.confirm(packet, "06"))
    return expect(packet in bench.waiting(), seen)


def _duplicate(bench: Bench) -> str:
    data = bench.document()
    sent(bench, data, to=[bench.receiver.code])
    sent(bench, data, to=[bench.receiver.code])
    found = len(bench.arrived(data))
    return expect(found == 1, f"{found} gói tin")


def _duplicate_after(bench: Bench) -> str:
    data = bench.document()
    sent(bench, data, to=[bench.receiver.code])
    accepted(bench.confirm(one_packet(bench, data), "done"))
    sent(bench, data, to=[bench.receiver.code])
    found = len(bench.arrived(data))
    return expect(found == 0, f"{found} gói tin đến lần hai")


def _sent_list(bench: Bench) -> str:
    data = bench.document()
    receipt = sent(bench, data, to=[bench.receiver.code])
    accepted(bench.confirm(one_packet(bench, data), "done"))
    row = _sent_row(bench, receipt)
    return expect(row.get("receiveStatus") == "done", f"receiveStatus {row.get('receiveStatus')}")


def _days(bench: Bench) -> str:
    data = bench.document()
    sent(bench, data, to=[bench.receiver.code])
    packet = one_packet(bench, data)
    rows = bench.listed(fromDate="2020/01/01", toDate="2020/01/31")
    named = packet in {str(row.get("docId")) for row in rows}
    return expect(not named, "có trong danh sách tháng 01/2020" if named else "không có")


def _large(bench: Bench) -> str:
    data = bench.document(size=bench.large)
    sent(bench, data, to=[bench.receiver.code])
    one_packet(bench, data)
    return f"{len(data)} byte"


def _status(bench: Bench) -> str:
    data = bench.status_of(bench.envelope())
    sent(bench, data, kind=STATUS, by=bench.receiver)
    packet = one_packet(bench, data, STATUS, bench.sender)
    mixed = packet in bench.waiting(EDOC, bench.sender)
    return expect(not mixed, "có cả ở danh sách edoc" if mixed else packet)


def _wrong_type(bench: Bench) -> str:
    data = bench.status_of(bench.envelope())
    return refused(bench.send(data, kind=EDOC, by=bench.receiver))


def _sent_row(bench: Bench, receipt: str) -> dict[str, Any]:
    stated = {"servicetype": "eDoc", "messagetype": "edoc", **bench.today()}
    rows = rows_of(bench.call("getSentEdocList", stated))
    own = [row for row in rows if receipt in {row.get("senderDocId"), row.get("receiverDocId")}]
    if len(own) != 1:
        raise Unmet(f"{len(own)} dòng của lần gửi này trong getSentEdocList")
    return own[0]


CASES: Final = (
    Case(
        "2.1",
        _document,
        "Gửi văn bản, lấy đúng từng byte",
        "a document arrives byte for byte",
        "OK, DocId; nội dung đúng SHA-256",
        "OK with a DocId; the same SHA-256",
    ),
    Case(
        "2.2",
        _receivers_in_message,
        "Nơi nhận chỉ ghi trong gói tin",
        "receivers stated in the message alone",
        "nơi nhận có gói tin",
        "it arrives",
    ),
    Case(
        "2.3",
        _row,
        "Dòng danh sách đủ trường",
        "a row of the list is whole",
        "docId, messageType, from, to, created_time",
        "docId, messageType, from, to, created_time",
    ),
    Case(
        "2.4",
        _listed_again,
        "Chưa xác nhận thì còn trong danh sách",
        "not confirmed, it is listed again",
        "hai lần đều có",
        "listed both times",
    ),
    Case(
        "2.5",
        _processing,
        "updateStatus processing",
        "updateStatus processing",
        "OK, vẫn còn trong danh sách",
        "OK, still listed",
    ),
    Case(
        "2.6",
        _done,
        "updateStatus done, hai lần",
        "updateStatus done, twice",
        "OK cả hai, không còn trong danh sách",
        "OK both times, listed no more",
    ),
    Case(
        "2.7",
        _failed,
        "updateStatus fail kèm lý do",
        "updateStatus fail with a reason",
        "không còn trong danh sách, bên gửi thấy fail",
        "listed no more, the sender sees fail",
    ),
    Case(
        "2.8",
        _bad_outcome,
        "Trạng thái gói tin lạ",
        "a packet status that is none",
        "từ chối, gói tin còn nguyên",
        "a refusal, the packet stays",
    ),
    Case(
        "2.9",
        _duplicate,
        "Gửi lại cùng các byte",
        "the same bytes again",
        "OK, nơi nhận chỉ có một gói tin",
        "OK, one packet at the receiver",
    ),
    Case(
        "2.10",
        _duplicate_after,
        "Gửi lại sau khi đã nhận xong",
        "the same bytes after done",
        "OK, không đến lần hai",
        "OK, it does not arrive again",
    ),
    Case(
        "2.11",
        _sent_list,
        "Danh sách đã gửi",
        "the sent list",
        "mỗi nơi nhận một dòng, receiveStatus done",
        "a row per receiver, receiveStatus done",
    ),
    Case(
        "2.12",
        _days,
        "Lọc theo ngày",
        "a list of other days",
        "gói tin hôm nay không có trong danh sách tháng 01/2020",
        "today's packet is not in the list of January 2020",
    ),
    Case(
        "2.13",
        _large,
        "Gói tin lớn",
        "a large message",
        "OK, đúng từng byte",
        "OK, byte for byte",
    ),
    Case(
        "3.1",
        _status,
        "Thông báo trạng thái về bên gửi",
        "a status goes to the sender",
        "ở danh sách status, không ở edoc; đúng từng byte",
        "in the status list, not the other; byte for byte",
    ),
    Case(
        "3.2",
        _wrong_type,
        "Loại gói tin không đúng nội dung",
        "a status sent as a document",
        "từ chối",
        "a refusal",
    ),
)
