"""Settings of one installation, all read from the environment (cấu hình).

`SETTINGS` is the whole list; the operations guide repeats it and a test holds the two together.
"""

import logging
import os
import secrets
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Any, NamedTuple

from environs import Env, EnvValidationError
from marshmallow.validate import Range

from engine.backoff import Backoff
from engine.errors import OfficeError
from office import setting_values
from office.hub_settings import HUB_SETTINGS, OWN_HUB, HubSettings, read_hub
from office.sending_settings import OWN_SENDING, SENDING_SETTINGS, read_sending
from signing.transport import Transport


class Mode(StrEnum):
    """What the installation is for: trying it out, or an agency's real work."""

    DEMO = "demo"
    PRODUCTION = "production"


class Timestamps(StrEnum):
    """What happens when no timestamping authority answers at signing."""

    REQUIRED = "required"
    LATER = "later"


class AxisSignature(StrEnum):
    """How a packet for the axis is signed by the installation."""

    NONE = "none"
    XMLDSIG = "xmldsig"
    XADES = "xades"


class AxisDriver(StrEnum):
    """Which interface the carrier of packets speaks."""

    ADAPTER = "adapter"
    PROVINCIAL = "provincial"
    HUB = "hub"
    FOLDER = "folder"


class Setting(NamedTuple):
    """One environment variable: its name, default and what it decides."""

    name: str
    default: Any
    vi: str
    en: str


SETTINGS = (
    Setting(
        "HOST",
        "127.0.0.1",
        "Địa chỉ mạng mà máy chủ web lắng nghe; 0.0.0.0 để máy khác truy cập được.",
        "Network address the web server listens on; 0.0.0.0 lets other machines in.",
    ),
    Setting("PORT", 8080, "Cổng của máy chủ web.", "Port of the web server."),
    Setting(
        "CONGVAN_URL",
        "",
        "Địa chỉ người dùng gõ vào trình duyệt (https://…), bắt buộc khi có máy chủ ủy nhiệm phía "
        "trước; để trống thì là địa chỉ trình duyệt gửi tới.",
        "Address that people type (https://…), needed behind a reverse proxy; when empty it is "
        "what the browser connects to.",
    ),
    Setting(
        "CONGVAN_PROXIES",
        "",
        "Địa chỉ IP hoặc dải mạng của máy chủ ủy nhiệm, cách nhau bằng dấu phẩy: chỉ từ đó "
        "X-Forwarded-For mới được tin.",
        "IP addresses or networks of the reverse proxies, separated by commas: X-Forwarded-For "
        "is believed from there alone.",
    ),
    Setting(
        "CONGVAN_DATA",
        "./.congvan",
        "Thư mục dữ liệu: tệp văn bản, khóa bí mật, cơ sở dữ liệu đi kèm.",
        "Data directory: document files, secret keys, the embedded database.",
    ),
    Setting(
        "CONGVAN_MODE",
        Mode.DEMO,
        "demo (dùng thử, có tài khoản mẫu) hoặc production (vận hành thật).",
        "demo (trial, with sample accounts) or production (real use).",
    ),
    Setting(
        "CONGVAN_DEMO_PASSWORD",
        "",
        "Mật khẩu chung của các tài khoản mẫu; để trống thì sinh ngẫu nhiên và in ra một lần.",
        "Password of the sample accounts; when empty one is generated and printed once.",
    ),
    Setting(
        "CONGVAN_SECRET_KEY",
        "",
        "Khóa ký phiên làm việc; để trống thì sinh và giữ trong thư mục dữ liệu. "
        "Nhiều máy chủ web phải dùng chung một khóa.",
        "Key that signs sessions; when empty one is generated and kept in the data directory. "
        "Several web servers must share one.",
    ),
    Setting(
        "DATABASE_URL",
        "",
        "PostgreSQL ≥ 15 bên ngoài (postgresql://…); để trống thì chạy PostgreSQL đi kèm.",
        "External PostgreSQL ≥ 15 (postgresql://…); when empty the embedded one is run.",
    ),
    Setting(
        "CELERY_BROKER_URL",
        "",
        "Redis hoặc Valkey để Celery gọi việc (redis://…); để trống thì tiến trình xử lý tự lấy "
        "việc từ cơ sở dữ liệu.",
        "Redis or Valkey through which Celery rings (redis://…); when empty the worker claims "
        "its jobs from the database itself.",
    ),
    Setting(
        "CONGVAN_WEB_WORKERS", 2, "Số tiến trình của máy chủ web.", "Processes of the web server."
    ),
    Setting(
        "CONGVAN_JOB_THREADS",
        2,
        "Số việc nền được làm cùng lúc trên một máy.",
        "Background jobs done at the same time on one machine.",
    ),
    Setting(
        "CONGVAN_MAX_INSTANCES",
        500,
        "Số lượt nhiều nhất của một bước chạy theo danh sách (1–5000).",
        "Most instances of a step that runs for each of a list (1–5000).",
    ),
    Setting(
        "CONGVAN_TSA_URLS",
        "",
        "Địa chỉ máy chủ dấu thời gian (RFC 3161), cách nhau bằng dấu phẩy; nên có hai. Để trống "
        "thì chữ ký không có dấu thời gian và không được lưu giữ lâu dài.",
        "Addresses of timestamping authorities (RFC 3161), separated by commas; better two. When "
        "empty signatures bear no timestamp and are not kept provable.",
    ),
    Setting(
        "CONGVAN_TIMESTAMPS",
        Timestamps.LATER,
        "Khi không lấy được dấu thời gian lúc ký: required (từ chối ký) hoặc later (ký, rồi bổ "
        "sung dấu thời gian sau).",
        "When no timestamp can be had at signing: required (refuse to sign) or later (sign, and "
        "add a timestamp afterwards).",
    ),
    Setting(
        "CONGVAN_BRIDGE",
        "",
        "Địa chỉ phần mềm ký số trên máy của cán bộ (wss://127.0.0.1:8987 của VGCA Sign Service); "
        "để trống thì không ký bằng USB token tại bàn.",
        "Address of the signing program on officers' own machines (wss://127.0.0.1:8987 of VGCA "
        "Sign Service); when empty nobody signs with a token at the desk.",
    ),
    Setting(
        "CONGVAN_BRIDGE_TRANSPORT",
        Transport.AGENT_FILE,
        "agent-file (phần mềm ký tự tải văn bản về, ký, gửi lại) hoặc raw (chỉ ký dữ liệu được "
        "đưa).",
        "agent-file (the program fetches, signs and brings back the file) or raw (it signs the "
        "bytes it is handed).",
    ),
    Setting(
        "CONGVAN_AXIS",
        AxisDriver.ADAPTER,
        "Giao diện của trục liên thông: adapter (trục quốc gia, trục của hệ thống này), provincial "
        "(cổng REST trên LGSP tỉnh), hub (trục nội tỉnh EdocService) hoặc folder (thư mục).",
        "Interface of the axis: adapter (the national one, our own), provincial (REST wrapper on a "
        "province's LGSP), hub (a province's EdocService) or folder.",
    ),
    Setting(
        "CONGVAN_AXIS_URL",
        "",
        "Địa chỉ của trục (https://…) hoặc thư mục trao đổi; để trống thì là trục của chính hệ "
        "thống này.",
        "Address of the axis (https://…) or the folder; when empty it is this installation's own.",
    ),
    Setting(
        "CONGVAN_AXIS_SYSTEM",
        "",
        "Mã hệ thống mà trục cấp (systemId); khóa bí mật đặt ở keys/carrier.secret.",
        "The system id the axis gave; its secret is in keys/carrier.secret.",
    ),
    Setting(
        "CONGVAN_AXIS_USER",
        "",
        "Tài khoản đăng nhập cổng của tỉnh, mật khẩu ở keys/carrier.password; để trống thì không "
        "đăng nhập.",
        "Account at the province's wrapper, its password in keys/carrier.password; when empty "
        "nobody logs in.",
    ),
    *(Setting(*one) for one in SENDING_SETTINGS),
    Setting(
        "CONGVAN_INTERMEDIARIES",
        "",
        "Nút trung gian được chuyển gói tin thay đơn vị khác: NÚT:ĐƠN_VỊ cách nhau bằng dấu phẩy; "
        "* là mọi đơn vị. Gói tin do nơi khác chuyển bị từ chối.",
        "Nodes that forward packets for others: NODE:AGENCY separated by commas, * for any agency. "
        "A packet that comes from elsewhere than its sender is refused.",
    ),
    Setting(
        "CONGVAN_AXIS_SIGNATURE",
        AxisSignature.NONE,
        "Chữ ký số trên gói tin gửi lên trục: none (không), xmldsig hoặc xades; cần keys/axis.p12.",
        "Signature on packets for the axis: none, xmldsig or xades; needs keys/axis.p12.",
    ),
    *(Setting(*one) for one in HUB_SETTINGS),
    Setting(
        "CONGVAN_LOG",
        "WARNING",
        "Mức nhật ký chương trình: DEBUG, INFO, WARNING, ERROR.",
        "Level of the program's log: DEBUG, INFO, WARNING, ERROR.",
    ),
)

_DEFAULTS = {setting.name: setting.default for setting in SETTINGS}


class WrongSetting(OfficeError):
    """An environment variable holds what cannot be used (cấu hình sai)."""

    code = "wrong-setting"
    vi = "Cấu hình sai: {problem}. Sửa biến môi trường rồi chạy lại."
    en = "Wrong setting: {problem}. Correct the environment variable and start again."


@dataclass(frozen=True, slots=True)
class Settings:
    """What one installation was told; `data` is absolute."""

    host: str
    port: int
    data: Path
    mode: Mode
    demo_password: str
    configured_secret: str
    database_url: str
    broker_url: str
    web_workers: int
    job_threads: int
    max_instances: int = 500
    log_level: int = logging.WARNING
    #: as browsers write an origin: no path, no default port
    public_url: str = ""
    proxies: tuple[IPv4Network | IPv6Network, ...] = ()
    tsa_urls: tuple[str, ...] = ()
    timestamps: Timestamps = Timestamps.LATER
    #: as browsers write the origin of a WebSocket
    bridge: str = ""
    bridge_transport: str = Transport.AGENT_FILE
    axis_signature: AxisSignature = AxisSignature.NONE
    sending: Backoff = OWN_SENDING
    intermediaries: frozenset[tuple[str, str]] = frozenset()
    axis: AxisDriver = AxisDriver.ADAPTER
    axis_url: str = ""
    axis_system: str = ""
    axis_user: str = ""
    #: our own axis
    hub: HubSettings = OWN_HUB

    @property
    def url(self) -> str:
        """The address a person types: the public one, else that on this machine (địa chỉ)."""
        if self.public_url:
            return self.public_url
        host = "localhost" if self.host in {"0.0.0.0", "127.0.0.1", "::", "::1"} else self.host  # noqa: S104 - compared, not bound
        return f"http://{host}:{self.port}"

    def make_data(self) -> Path:
        """Make the data directory when it is missing; an existing one keeps its mode.

        Under root it lets others pass through, not look in: the embedded database runs as `nobody`
        and lies in it. What is secret in it is 0600 or 0700 itself.
        """
        if not self.data.is_dir():
            self.data.parent.mkdir(parents=True, exist_ok=True)
            self.data.mkdir(exist_ok=True)
            self.data.chmod(0o711 if os.geteuid() == 0 else 0o700)
        return self.data

    def secret_key(self) -> str:
        """Return the configured secret key, or the one kept in the data directory (made once)."""
        if self.configured_secret:
            return self.configured_secret
        return keep_secret(self.make_data() / "secret.key")


def keep_secret(path: Path) -> str:
    """Return the secret kept at `path` (mode 0600); the first caller makes it."""
    if not path.exists():
        handle, draft = tempfile.mkstemp(dir=path.parent)  # mode 0600
        with os.fdopen(handle, "w") as file:
            file.write(secrets.token_urlsafe(48))
            file.flush()
            os.fsync(file.fileno())
        try:
            Path(path).hardlink_to(draft)  # whole or not at all, and only one caller wins
        except FileExistsError:
            pass
        finally:
            Path(draft).unlink()
    return path.read_text().strip()


def load() -> Settings:
    """Read the settings from the environment; raises `WrongSetting` naming everything wrong."""
    env, at = Env(eager=False), _DEFAULTS
    for name, parser in _PARSERS.items():
        env.add_parser(name, parser)
    few = Range(1, 64)
    try:
        values = {
            "host": env.str("HOST", at["HOST"]),
            "port": env.int("PORT", at["PORT"], validate=Range(1, 65535)),
            "data": env.path("CONGVAN_DATA", Path(at["CONGVAN_DATA"])),
            "mode": env.enum("CONGVAN_MODE", at["CONGVAN_MODE"], enum=Mode, by_value=True),
            "demo_password": env.str("CONGVAN_DEMO_PASSWORD", at["CONGVAN_DEMO_PASSWORD"]),
            "configured_secret": env.str("CONGVAN_SECRET_KEY", at["CONGVAN_SECRET_KEY"]),
            "database_url": env.postgres("DATABASE_URL", at["DATABASE_URL"]),
            "broker_url": env.broker("CELERY_BROKER_URL", at["CELERY_BROKER_URL"]),
            "web_workers": env.int("CONGVAN_WEB_WORKERS", at["CONGVAN_WEB_WORKERS"], validate=few),
            "job_threads": env.int("CONGVAN_JOB_THREADS", at["CONGVAN_JOB_THREADS"], validate=few),
            "max_instances": env.int(
                "CONGVAN_MAX_INSTANCES", at["CONGVAN_MAX_INSTANCES"], validate=Range(1, 5000)
            ),
            "log_level": env.log_level("CONGVAN_LOG", at["CONGVAN_LOG"]),
            "public_url": env.origin("CONGVAN_URL", at["CONGVAN_URL"]),
            "bridge": env.socket("CONGVAN_BRIDGE", at["CONGVAN_BRIDGE"]),
            "bridge_transport": env.bridge_transport(
                "CONGVAN_BRIDGE_TRANSPORT", at["CONGVAN_BRIDGE_TRANSPORT"]
            ),
            "proxies": env.networks("CONGVAN_PROXIES", at["CONGVAN_PROXIES"]),
            "tsa_urls": env.addresses("CONGVAN_TSA_URLS", at["CONGVAN_TSA_URLS"]),
            "timestamps": env.timestamps("CONGVAN_TIMESTAMPS", at["CONGVAN_TIMESTAMPS"]),
            "axis_signature": env.axis_signature(
                "CONGVAN_AXIS_SIGNATURE", at["CONGVAN_AXIS_SIGNATURE"]
            ),
            "sending": read_sending(env),
            "intermediaries": env.pairs("CONGVAN_INTERMEDIARIES", at["CONGVAN_INTERMEDIARIES"]),
            "axis": env.driver("CONGVAN_AXIS", at["CONGVAN_AXIS"]),
            "axis_url": env.carrier("CONGVAN_AXIS_URL", at["CONGVAN_AXIS_URL"]),
            "axis_system": env.str("CONGVAN_AXIS_SYSTEM", at["CONGVAN_AXIS_SYSTEM"]),
            "axis_user": env.str("CONGVAN_AXIS_USER", at["CONGVAN_AXIS_USER"]),
            "hub": read_hub(env),
        }
        env.seal()
    except EnvValidationError as error:
        raise WrongSetting(problem=_named(error)) from error
    values["data"] = Path(values["data"]).expanduser().absolute()
    return Settings(**values)


def _named(error: EnvValidationError) -> str:
    messages = error.error_messages
    if isinstance(messages, dict):
        return "; ".join(f"{name}: {' '.join(map(str, said))}" for name, said in messages.items())
    return str(error)


_PARSERS: dict[str, Callable[[str], Any]] = {
    "postgres": setting_values.postgres,
    "broker": setting_values.broker,
    "origin": setting_values.origin,
    "pairs": setting_values.pairs,
    "networks": setting_values.networks,
    "addresses": setting_values.addresses,
    "socket": setting_values.program_socket,
    "timestamps": setting_values.one_of(Timestamps),
    "bridge_transport": setting_values.one_of(Transport),
    "axis_signature": setting_values.one_of(AxisSignature),
    "driver": setting_values.one_of(AxisDriver),
    "carrier": setting_values.carrier,
}
