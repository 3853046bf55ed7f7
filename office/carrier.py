"""Who carries packets to other agencies (đường liên thông): the driver an installation chose.

Its secret is the one line of `keys/carrier.secret`, read once per process.
"""

import stat
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from threading import Lock
from uuid import UUID

from engine.database import SYSTEM, Database
from exchange.axis_client import AxisClient, Connection
from exchange.errors import ExchangeError, GatewayError
from exchange.folder_gateway import FolderGateway
from exchange.gateway import Gateway, MessageType
from exchange.hub_client import HubClient, HubConnection
from exchange.own_arrivals import OwnArrivals
from exchange.provincial_client import ProvincialClient, ProvincialConnection
from exchange.wire import NO_SECRET, Secret
from office.finding import Finding, Level
from office.settings import AxisDriver, Settings
from processes.delivery.gateway import codes_of


class CarrierNotReady(GatewayError):
    """The connection to the axis is not set up (chưa cấu hình xong đường liên thông)."""

    code = "axis-carrier-not-ready"
    vi = "Đường liên thông chưa dùng được: {reason_vi} Báo quản trị vận hành."
    en = "The connection to the axis cannot be used: {reason_en} Tell the operator."


class Carriers:
    """The connections of an installation, one for each agency that uses one; kept while it runs."""

    def __init__(self, settings: Settings, codes: Callable[[UUID], Collection[str]]) -> None:
        self._settings = settings
        self._codes = codes
        self._lock = Lock()
        self._known: dict[tuple[UUID, str], Gateway] = {}
        self._shared: ProvincialClient | None = None

    def __call__(self, agency_id: UUID, code: str) -> Gateway:
        """Return the way of an agency under one of its codes; raises CarrierNotReady."""
        with self._lock:
            if (agency_id, code) not in self._known:
                self._known[agency_id, code] = self._connect(agency_id, code)
            return self._known[agency_id, code]

    def _connect(self, agency_id: UUID, code: str) -> Gateway:
        if self._settings.axis is AxisDriver.PROVINCIAL:
            # one token serves all agencies
            self._shared = self._shared or provincial(self._settings)
            return OwnArrivals(self._shared, lambda: self._codes(agency_id))
        gateway = connect(self._settings, code)
        if self._settings.axis is AxisDriver.ADAPTER:
            return OwnArrivals(gateway, lambda: self._codes(agency_id))
        return gateway


def carriers(settings: Settings, database: Database) -> Carriers | None:
    """Return the chosen carrier's connections, None where agencies use our own axis."""
    if settings.axis is AxisDriver.ADAPTER and not settings.axis_url:
        return None

    def codes(agency_id: UUID) -> Collection[str]:
        with database.transaction(SYSTEM) as tx:
            return codes_of(tx, agency_id)

    return Carriers(settings, codes)


def connect(settings: Settings, code: str) -> Gateway:
    """Return the driver an installation chose, for one code; raises CarrierNotReady."""
    if not settings.axis_url:
        raise _not_ready("chưa đặt CONGVAN_AXIS_URL.", "CONGVAN_AXIS_URL is not set.")
    if (settings.axis is AxisDriver.FOLDER) != settings.axis_url.startswith("/"):
        raise _not_ready(
            f"CONGVAN_AXIS={settings.axis} không hợp với CONGVAN_AXIS_URL.",
            f"CONGVAN_AXIS={settings.axis} and CONGVAN_AXIS_URL do not fit together.",
        )
    match settings.axis:
        case AxisDriver.FOLDER:
            return _folder(Path(settings.axis_url), code)
        case AxisDriver.HUB:
            return HubClient(HubConnection(settings.axis_url, code, _secret(settings, "secret")))
        case AxisDriver.PROVINCIAL:
            return provincial(settings)
        case _:
            own = Connection(
                settings.axis_url, _system(settings), _secret(settings, "secret"), code
            )
            return AxisClient(own)


def provincial(settings: Settings) -> ProvincialClient:
    """Return the client of the province's wrapper."""
    password = _secret(settings, "password") if settings.axis_user else NO_SECRET
    own = ProvincialConnection(
        settings.axis_url,
        _system(settings),
        _secret(settings, "secret"),
        settings.axis_user,
        password,
    )
    return ProvincialClient(own)


def look_at_carrier(settings: Settings) -> Iterator[Finding]:
    """Tell whether the chosen carrier answers; of our own axis nothing, it is this installation."""
    if settings.axis is AxisDriver.ADAPTER and not settings.axis_url:
        return
    try:
        gateway = connect(settings, settings.axis_system if settings.axis is AxisDriver.HUB else "")
        if isinstance(gateway, HubClient):
            gateway.directory()
        elif not isinstance(gateway, FolderGateway):
            gateway.list_received(MessageType.EDOC)
    except ExchangeError as error:
        yield Finding("carrier", Level.PROBLEM, error.text("vi"), error.text("en"))
        return
    where = f"{settings.axis}, {settings.axis_url}"
    yield Finding("carrier", Level.OK, f"{where}: trả lời", f"{where}: answers")


def _folder(root: Path, code: str) -> FolderGateway:
    if not root.is_dir():
        raise _not_ready(f"không có thư mục {root}.", f"there is no folder {root}.")
    return FolderGateway.of_agency(root, code) if code else FolderGateway(root)


def upstream_of(settings: Settings) -> Callable[[str], AxisClient] | None:
    """Return the axis above ours by the code that sends, None where none is set (trục cấp trên).

    What is missing is told when it is used: a hub serves its members whatever is above it.
    """
    if not settings.hub.upstream:
        return None

    def connect(code: str) -> AxisClient:
        secret = _read_secret(settings, "upstream.secret")
        hub = settings.hub
        return AxisClient(Connection(hub.upstream, hub.upstream_system, secret, code))

    return connect


def look_at_upstream(settings: Settings) -> Iterator[Finding]:
    """Tell whether the axis above ours answers; nothing where there is none."""
    above = upstream_of(settings)
    if above is None:
        return
    try:
        above("").list_received(MessageType.EDOC)
    except ExchangeError as error:
        yield Finding("upstream", Level.PROBLEM, error.text("vi"), error.text("en"))
        return
    where = settings.hub.upstream
    yield Finding("upstream", Level.OK, f"{where}: trả lời", f"{where}: answers")


def _system(settings: Settings) -> str:
    if not settings.axis_system:
        raise _not_ready("chưa đặt CONGVAN_AXIS_SYSTEM.", "CONGVAN_AXIS_SYSTEM is not set.")
    return settings.axis_system


def _secret(settings: Settings, kind: str) -> Secret:
    return _read_secret(settings, f"carrier.{kind}")


def _read_secret(settings: Settings, file: str) -> Secret:
    name, path = f"keys/{file}", settings.data / "keys" / file
    try:
        text, mode = path.read_text("utf-8").strip(), stat.S_IMODE(path.stat().st_mode)
    except FileNotFoundError:
        raise _not_ready(f"chưa có {name}.", f"{name} is missing.") from None
    except (OSError, UnicodeDecodeError):
        raise _not_ready(f"không đọc được {name}.", f"{name} cannot be read.") from None
    if mode & 0o077:
        raise _not_ready(
            f"người khác đọc được {name}; chạy chmod 600.",
            f"{name} can be read by others; run chmod 600.",
        )
    if not text:
        raise _not_ready(f"{name} trống.", f"{name} is empty.")
    return Secret(text)


def _not_ready(vi: str, en: str) -> CarrierNotReady:
    return CarrierNotReady(reason_vi=vi, reason_en=en)
