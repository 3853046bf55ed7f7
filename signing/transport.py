"""How a key that is elsewhere is asked (cách ký với khóa ở thiết bị)."""

from enum import StrEnum


class Transport(StrEnum):
    """What travels to the key (cách ký): what is to be signed, or the whole file."""

    RAW = "raw"
    AGENT_FILE = "agent-file"
