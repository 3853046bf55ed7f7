"""The rows an axis answers with, in the names its clients know."""

from typing import Any

from exchange.axis_store import Agency, Packet, PacketState
from exchange.clock import write_moment


def agency_rows(agency: Agency) -> list[dict[str, Any]]:
    """Return one directory row for each code: senders address old and new codes alike."""
    return [
        {
            "id": agency.code,
            "pid": agency.parent,
            "code": code,
            "name": agency.name,
            "mail": agency.mail,
        }
        for code in agency.codes
    ]


def unit_rows(agency: Agency) -> list[dict[str, Any]]:
    """Return directory rows with what a copy of the directory needs to follow changes."""
    changes = {
        "version": int(agency.changed_at.timestamp()),
        "centerCode": agency.system_id,
        "deleted": agency.is_deleted,
        "modifyDate": write_moment(agency.changed_at),
        "isAgency": True,
    }
    return [row | changes for row in agency_rows(agency)]


def received_row(packet: Packet) -> dict[str, Any]:
    """Return a packet as its receiver sees it."""
    return {
        "docId": packet.packet_id,
        "serviceType": "eDoc",
        "messageType": packet.message_type.value,
        "created_time": write_moment(packet.created_at),
        "updated_time": write_moment(packet.updated_at),
        "from": packet.sender,
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
        "fromCode": packet.sender,
        "toCode": packet.addressed_as,
        "notation": packet.reference,
        "title": packet.subject,
        "sentTime": write_moment(packet.created_at),
        "receivedTime": received,
        "sendStatus": PacketState.DONE.value,
        "sendStatusDesc": "",
        "receiveStatus": packet.state.value,
        "receiveStatusDesc": packet.description,
    }
