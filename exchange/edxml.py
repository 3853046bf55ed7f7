"""edXML messages (gói tin edXML, QCVN 102:2016/BTTTT): bytes in and out of plain values."""

from exchange.edxml_read import read
from exchange.edxml_write import write, write_status
from exchange.limits import Limits

__all__ = ["Limits", "read", "write", "write_status"]
