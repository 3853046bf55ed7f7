"""The rows an axis answers with, in the names its clients know."""

from datetime import date
from typing import Any, Final

from exchange.axis_store import Agency, AgencyCode, Packet, PacketState, Route
from exchange.clock import write_date, write_moment
from exchange.identity import OrganForm, organ_form

#: rows of a list of packets at one time; an answer of fewer is the last
PAGE: Final = 1_000


def agency_rows(agency: Agency, day: date) -> list[dict[str, Any]]:
    """Return one directory row for each code in force: senders address old and new codes alike."""
    return [_row(agency, one) for one in agency.codes if one.is_valid_on(day)]


def new_code_rows(agency: Agency, day: date) -> list[dict[str, Any]]:
    """Return a row for each code in force of the new form, with a code of the old form beside."""
    forms = {one.code: organ_form(one.code) for one in agency.codes}
    old = next((code for code, form in forms.items() if form is OrganForm.OLD), "")
    return [
        {**_row(agency, one), "code102": old}
        for one in agency.codes
        if one.is_valid_on(day) and forms[one.code] is not OrganForm.OLD
    ]


def unit_rows(agency: Agency, day: date) -> list[dict[str, Any]]:
    """Return a row for each code ever held, with what a copy of the directory needs."""
    changes = {
        "version": agency.version,
        "centerCode": agency.system_id,
        "modifyDate": write_moment(agency.changed_at),
        "isAgency": True,
    }
    return [
        {
            **_row(agency, one),
            **changes,
            "deleted": agency.is_deleted or (one.valid_until is not None and one.valid_until < day),
            "validFrom": write_date(one.valid_from) if one.valid_from else "",
            "validUntil": write_date(one.valid_until) if one.valid_until else "",
            "successor": one.successor,
        }
        for one in agency.codes
    ]


def _row(agency: Agency, one: AgencyCode) -> dict[str, Any]:
    return {
        "id": agency.agency_id,
        "pid": agency.parent,
        "code": one.code,
        "name": agency.name,
        "mail": agency.mail,
    }


def received_row(packet: Packet) -> dict[str, Any]:
    """Return a packet as its receiver sees it."""
    return {
        "docId": packet.packet_id,
        "serviceType": "eDoc",
        "messageType": packet.message_type.value,
        "created_time": write_moment(packet.created_at),
        "updated_time": write_moment(packet.updated_at),
        "from": packet.sent_as,
        "to": packet.addressed_as,
        "status": packet.state.value,
        "status_desc": packet.description,
    }


def sent_row(packet: Packet) -> dict[str, Any]:
    """Return a packet as its sender sees it."""
    received = "" if packet.state.is_waiting else write_moment(packet.updated_at)
    return {
        "senderDocId": packet.sending_id,
        "receiverDocId": packet.packet_id,
        "fromCode": packet.sent_as,
        "toCode": packet.addressed_as,
        "notation": packet.reference,
        "title": packet.subject,
        "sentTime": write_moment(packet.created_at),
        "receivedTime": received,
        "sendStatus": _send_state(packet).value,
        "sendStatusDesc": packet.description if _send_state(packet) is PacketState.FAIL else "",
        "receiveStatus": packet.state.value,
        "receiveStatusDesc": packet.description,
    }


def _send_state(packet: Packet) -> PacketState:
    """Return how far a packet is on its way to the axis that hands it over."""
    if packet.route is Route.LOCAL or packet.forwarded_as:
        return PacketState.DONE
    return PacketState.FAIL if packet.state is PacketState.FAIL else PacketState.PROCESSING
