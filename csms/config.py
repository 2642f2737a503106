"""The configuration: every setting with its default and meaning, its source, and what is wrong with it.

A setting is taken from `CSMS_SECTION_KEY` in the environment, else from csms.toml, else it has its default.
`config/csms.toml` is `sample()`; a test compares them.
"""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from csms.config_sources import Given, Problem, from_environment, from_file
from csms.config_values import Address, Addresses, Choice, Flag, Kind, Text, Whole
from csms.errors import ConfigError

__all__ = ["Address", "Config", "ConfigError", "Problem", "check", "describe", "load", "sample"]

SYSTEM_DATA_DIR: Final = Path("/var/lib/csms")
SYSTEM_FILE: Final = Path("/etc/csms/csms.toml")
_HTTP: Final = Text(("http://", "https://"), "an http:// or https:// address", or_nothing=True)


def _setting(kind: Kind, default: object, meaning: str) -> Any:
    return field(default=kind.read(default), metadata={"kind": kind, "meaning": meaning})


def _listener(default: str, meaning: str) -> Any:
    return _setting(Addresses(), default, meaning)


@dataclass(frozen=True, slots=True)
class Listen:
    """Where the listeners bind: "host:port", several with commas, "" for off, port 0 for any free port.

    The *_tls listeners are on once there is a certificate: from csms pki, or tls.certificate and tls.key.
    """

    ocpp: tuple[Address, ...] = _listener("0.0.0.0:9000", "charging stations, ws (security profiles 0 and 1)")
    ocpp_tls: tuple[Address, ...] = _listener("0.0.0.0:9443", "charging stations, wss (profiles 2 and 3)")
    ocpi: tuple[Address, ...] = _listener("0.0.0.0:9100", "roaming partners")
    ocpi_tls: tuple[Address, ...] = _listener("", "roaming partners, https")
    graphql: tuple[Address, ...] = _listener("0.0.0.0:9200", "GraphQL queries and subscriptions")
    graphql_tls: tuple[Address, ...] = _listener("", "GraphQL, https")
    push: tuple[Address, ...] = _listener("0.0.0.0:9300", "live data for dashboards and apps (STOMP, SSE)")
    push_tls: tuple[Address, ...] = _listener("", "live data, https")
    admin: tuple[Address, ...] = _listener("127.0.0.1:9400", "REST, health, metrics and the dashboard")
    admin_tls: tuple[Address, ...] = _listener("", "REST, health, metrics and the dashboard, https")


@dataclass(frozen=True, slots=True)
class StoreSettings:
    """The database."""

    url: str = _setting(
        Text(
            ("sqlite:///", "postgresql://", "postgres://"),
            "sqlite:///FILE or postgresql://USER@HOST/DATABASE",
        ),
        "sqlite:///<data>/csms.db",
        "sqlite:///FILE or postgresql://USER:PASSWORD@HOST/DATABASE; <data> stands for the data directory",
    )


@dataclass(frozen=True, slots=True)
class Serve:
    """The running appliance."""

    grace_s: int = _setting(Whole(0, 600), 10, "seconds given to open connections and calls when it stops")
    log_format: str = _setting(
        Choice(("auto", "json", "console")), "auto", "auto is console on a terminal, json elsewhere"
    )
    log_level: str = _setting(
        Choice(("debug", "info", "warning", "error")), "info", "debug, info, warning or error"
    )


@dataclass(frozen=True, slots=True)
class Ocpp:
    """Charging stations."""

    heartbeat_interval_s: int = _setting(
        Whole(1, 604_800),
        300,
        "seconds between heartbeats, told to stations in the BootNotification response",
    )
    call_timeout_s: int = _setting(Whole(1, 600), 30, "seconds a station may take to answer a call")
    ping_interval_s: int = _setting(Whole(0, 3_600), 45, "seconds between WebSocket pings; 0 sends none")
    max_frame_bytes: int = _setting(Whole(8_192, 67_108_864), 1_048_576, "largest message accepted, in bytes")
    max_connections: int = _setting(Whole(1, 1_000_000), 20_000, "stations connected at the same time")
    handshake_timeout_s: int = _setting(Whole(1, 120), 10, "seconds from the connection to the upgrade")
    quiet: bool = _setting(Flag(), False, "true asks nothing of stations unless an operator does")
    inventory: bool = _setting(Flag(), True, "true reads all that a new station or a new firmware has")
    offline_alert_s: int = _setting(
        Whole(0, 604_800), 900, "seconds a station may be away before an alert is raised; 0 raises none"
    )
    onboarding: bool = _setting(
        Flag(), False, "true queues unknown stations for approval instead of refusing them"
    )
    public_url: str = _setting(
        Text(("http://", "https://"), "http://HOST:PORT or https://HOST:PORT", or_nothing=True),
        "",
        "http(s)://HOST:PORT for the files of stations; empty takes the address each station connected to",
    )
    max_upload_bytes: int = _setting(
        Whole(1_024, 1 << 40), 268_435_456, "largest log a station may upload, in bytes"
    )
    cost_interval_s: int = _setting(
        Whole(0, 86_400),
        60,
        "seconds between the running costs told to stations with a display; 0 sends none",
    )
    tls_url: str = _setting(
        Text(("wss://",), "a wss:// address", or_nothing=True),
        "",
        'where stations reach listen.ocpp_tls, like "wss://csms.example:9443/ocpp"; told them by csms station secure',
    )
    max_pending_calls: int = _setting(
        Whole(1, 10_000), 64, "calls to one station that may wait for their turn"
    )


@dataclass(frozen=True, slots=True)
class Auth:
    """People and programs that sign in."""

    access_token_s: int = _setting(Whole(60, 900), 600, "seconds an access token lives")
    refresh_token_days: int = _setting(
        Whole(1, 365), 30, "days a sign-in can be renewed without the password"
    )
    tries_per_minute: int = _setting(Whole(1, 100_000), 20, "sign-ins a minute from one address")
    oidc_issuer: str = _setting(
        Text(("https://", "http://"), "an https:// address", or_nothing=True),
        "",
        "OpenID provider whose tokens are accepted too, for users whose e-mail address it has verified",
    )
    oidc_audience: str = _setting(Text(), "csms", "the audience its tokens must name")


@dataclass(frozen=True, slots=True)
class Http:
    """The management interface over HTTP."""

    requests_per_minute: int = _setting(
        Whole(0, 10_000_000), 1_200, "requests a minute from one address; 0 is no limit"
    )
    tenant_requests_per_minute: int = _setting(
        Whole(0, 10_000_000), 6_000, "requests a minute of all users of one tenant; 0 is no limit"
    )
    max_body_bytes: int = _setting(Whole(1_024, 67_108_864), 4_194_304, "largest request body, in bytes")
    request_timeout_s: int = _setting(Whole(1, 600), 120, "seconds a request may take")
    cors_origins: str = _setting(
        Text(), "", 'sites whose scripts may use it, with commas: "https://a.example, https://b.example"'
    )
    log_requests: bool = _setting(Flag(), True, "a log line for each request, without its query and body")
    trusted_proxies: str = _setting(
        Text(),
        "",
        'reverse proxies that are believed who asks (X-Forwarded-For), with commas: "127.0.0.1, ::1"',
    )


@dataclass(frozen=True, slots=True)
class Retention:
    """How long records are kept that nobody is billed by; transactions and CDRs are never removed."""

    messages_days: int = _setting(Whole(0, 36_500), 30, "days of the OCPP message log")
    meter_values_days: int = _setting(Whole(1, 36_500), 400, "days of meter values of ended transactions")
    station_files_days: int = _setting(Whole(1, 36_500), 90, "days of logs that stations uploaded")
    outbox_days: int = _setting(Whole(1, 3_650), 7, "days of events that were delivered")


@dataclass(frozen=True, slots=True)
class Tls:
    """TLS, and a certificate for the *_tls listeners from elsewhere, instead of those of csms pki."""

    certificate: str = _setting(
        Text(), "", "PEM file with the certificate and its chain; relative to this file"
    )
    key: str = _setting(Text(), "", "PEM file with the private key")
    rsa_key_exchange: bool = _setting(
        Flag(), True, "offers stations the two suites without forward secrecy that OCPP demands"
    )


@dataclass(frozen=True, slots=True)
class Pki:
    """Our own certificate authority (csms pki); it gives the *_tls listeners their certificates."""

    key_file: str = _setting(
        Text(),
        "<data>/csms.key",
        "file with the secret that opens private keys, unless CSMS_MASTER_KEY or a credential csms.key does",
    )
    url: str = _setting(
        _HTTP,
        "",
        'where stations reach /pki/, as in "http://csms.example/pki"; "" names none in certificates',
    )
    server_days: int = _setting(Whole(2, 825), 90, "days a server certificate is valid; it renews itself")
    station_days: int = _setting(Whole(2, 3_650), 365, "days a station's certificate is valid")
    renew_days: int = _setting(Whole(1, 365), 30, "days before its end in which a certificate is renewed")
    signer_url: str = _setting(
        _HTTP, "", 'service that signs certificate requests of stations; "" lets our own authority sign'
    )
    signer_token_file: str = _setting(Text(), "", "file with the bearer token for it")
    signer_timeout_s: int = _setting(Whole(1, 120), 30, "seconds it may take to answer")


@dataclass(frozen=True, slots=True)
class Pnc:
    """Plug & Charge (ISO 15118): contract certificates for vehicles, and whether certificates were revoked."""

    provider_url: str = _setting(
        _HTTP, "", 'service that gives vehicles contract certificates; "" answers none of them'
    )
    provider_token_file: str = _setting(Text(), "", "file with the bearer token for it")
    provider_timeout_s: int = _setting(Whole(1, 30), 5, "seconds it may take to answer: a vehicle waits")
    ocsp_hosts: str = _setting(
        Text(), "", 'OCSP responders that may be asked, like "ocsp.example, .example"; "" is every public one'
    )
    ocsp_private_addresses: bool = _setting(
        Flag(), False, "true lets responders have loopback and private addresses: for labs and tests"
    )
    ocsp_timeout_s: int = _setting(Whole(1, 30), 4, "seconds a responder may take to answer")


@dataclass(frozen=True, slots=True)
class Ocpi:
    """Roaming partners."""

    allow_private_addresses: bool = _setting(
        Flag(), False, "true lets partners have loopback and private addresses: for labs and tests"
    )
    public_url: str = _setting(
        Text(("http://", "https://"), "http://HOST:PORT or https://HOST:PORT", or_nothing=True),
        "",
        "http(s)://HOST:PORT under which partners reach listen.ocpi; empty takes the address each of them used",
    )
    timeout_s: int = _setting(Whole(1, 300), 30, "seconds a partner may take to answer")
    requests_per_minute: int = _setting(
        Whole(0, 10_000_000), 6_000, "requests a minute of one partner; 0 is no limit"
    )
    max_body_bytes: int = _setting(
        Whole(1_024, 67_108_864), 4_194_304, "largest body of a partner's request or answer, in bytes"
    )


@dataclass(frozen=True, slots=True)
class Config:
    """The whole configuration; `sources` names the origin of every "section.key" that was set."""

    data_dir: Path
    file: Path | None = None
    listen: Listen = Listen()
    store: StoreSettings = StoreSettings()
    serve: Serve = Serve()
    ocpp: Ocpp = Ocpp()
    auth: Auth = Auth()
    http: Http = Http()
    retention: Retention = Retention()
    tls: Tls = Tls()
    pki: Pki = Pki()
    pnc: Pnc = Pnc()
    ocpi: Ocpi = Ocpi()
    sources: Mapping[str, str] = field(default_factory=dict)

    def listeners(self, *, pki: bool = False) -> dict[str, tuple[Address, ...]]:
        """Return the addresses of every listener that is on, by its name in [listen]; `pki` gives certificates."""
        with_tls = pki or bool(self.tls.certificate and self.tls.key)
        named = ((each.name, getattr(self.listen, each.name)) for each in fields(Listen))
        return {name: at for name, at in named if at and (with_tls or not name.endswith("_tls"))}


_SECTIONS: Final[Mapping[str, type]] = {
    each.name: type(each.default) for each in fields(Config) if is_dataclass(each.default)
}
_KEYS: Final = {f"{section}.{each.name}": each for section, cls in _SECTIONS.items() for each in fields(cls)}


def load(data_dir: Path | None, file: Path | None, environ: Mapping[str, str]) -> Config:
    """Read the configuration; ConfigError names file, line, key and mend of the first thing that is wrong."""
    config, problems = _examine(data_dir, file, environ)
    if problems:
        more = f" ({len(problems) - 1} more: csms config check)" if len(problems) > 1 else ""
        raise ConfigError(f"{problems[0]}{more}")
    return config


def check(data_dir: Path | None, file: Path | None, environ: Mapping[str, str]) -> list[Problem]:
    """Return everything that is wrong with the configuration."""
    return _examine(data_dir, file, environ)[1]


def describe(config: Config) -> list[tuple[str, str, str]]:
    """Return key, value and source of every setting, in the order of csms.toml; passwords are blanked."""
    rows = []
    for key, each in _KEYS.items():
        section, name = key.split(".")
        value = getattr(getattr(config, section), name)
        shown = each.metadata["kind"].write(_without_password(value) if key == "store.url" else value)
        rows.append((key, shown.strip('"'), config.sources.get(key, "default")))
    return rows


def sample() -> str:
    """Return csms.toml with every setting commented out at its default."""
    lines = [
        "# Configuration of csms. A setting that is commented out has the value shown.",
        "# Each can also be set in the environment: CSMS_OCPP_CALL_TIMEOUT_S for call_timeout_s of [ocpp].",
        "# `csms config check` says what is wrong, `csms config show` what is in force.",
    ]
    for section, cls in _SECTIONS.items():
        lines += ["", *(f"# {line.strip()}" for line in (cls.__doc__ or "").splitlines() if line.strip())]
        lines.append(f"[{section}]")
        for each in fields(cls):
            lines.append(f"# {each.metadata['meaning']}")
            lines.append(f"#{each.name} = {each.metadata['kind'].write(each.default)}")
    return "\n".join(lines) + "\n"


def data_directory(given: Path | None, environ: Mapping[str, str]) -> Path:
    """Return the data directory: as given, else CSMS_DATA_DIR, else the system's if writable, else ./var."""
    if given is None and environ.get("CSMS_DATA_DIR"):
        given = Path(environ["CSMS_DATA_DIR"])
    if given is None:
        given = SYSTEM_DATA_DIR if os.access(SYSTEM_DATA_DIR, os.W_OK) else Path("var")
    return given.expanduser().absolute()


def _examine(
    data_dir: Path | None, file: Path | None, environ: Mapping[str, str]
) -> tuple[Config, list[Problem]]:
    data = data_directory(data_dir, environ)
    path = _file(file, data)
    problems: list[Problem] = []
    given: dict[str, Given] = dict(from_file(path, _KEYS, problems)) if path else {}
    given |= dict(from_environment(environ, _KEYS, problems))
    values: dict[str, dict[str, Any]] = {section: {} for section in _SECTIONS}
    for key, item in given.items():
        section, name = key.split(".")
        try:
            values[section][name] = _KEYS[key].metadata["kind"].read(item.value)
        except ValueError as expected:
            problems.append(Problem(item.where, key, f"= {_quoted(item.value)} is not {expected}"))
    url = values["store"].get("url", StoreSettings().url)
    values["store"]["url"] = url.replace("<data>", str(data))
    key_file = values["pki"].get("key_file", Pki().key_file)
    values["pki"]["key_file"] = key_file.replace("<data>", str(data))
    for name in ("certificate", "key"):
        if values["tls"].get(name):
            base = path.parent if path and not given[f"tls.{name}"].where.startswith("CSMS_") else Path()
            values["tls"][name] = str((base / values["tls"][name]).absolute())
    sections = {section: cls(**values[section]) for section, cls in _SECTIONS.items()}
    sources = {key: item.where for key, item in given.items()}
    config = Config(data, path, sources=sources, **sections)
    problems.extend(_contradictions(config))
    return config, problems


def _file(given: Path | None, data: Path) -> Path | None:
    if given is not None:
        return given.expanduser().absolute()
    return next((path for path in (data / "csms.toml", SYSTEM_FILE) if os.path.lexists(path)), None)


def _contradictions(config: Config) -> Iterator[Problem]:
    tls = config.tls
    if bool(tls.certificate) != bool(tls.key):
        there, missing = ("certificate", "key") if tls.certificate else ("key", "certificate")
        where = config.sources[f"tls.{there}"]
        yield Problem(where, f"tls.{missing}", f"is missing: tls.{there} needs it beside it")
    for name in ("certificate", "key"):
        path = getattr(tls, name)
        if path and not os.access(path, os.R_OK):
            fault = "cannot be read" if os.path.exists(path) else "does not exist"  # noqa: PTH110 (no access, no raise)
            yield Problem(config.sources[f"tls.{name}"], f"tls.{name}", f"{path} {fault}")
    taken: dict[Address, str] = {}
    for name, addresses in config.listeners().items():
        for address in addresses:
            if address.port and address in taken:
                where = config.sources.get(
                    f"listen.{name}", config.sources.get(f"listen.{taken[address]}", "")
                )
                fault = f"{address} is listen.{taken[address]}'s already; give it a port of its own"
                yield Problem(where, f"listen.{name}", fault)
            taken[address] = name


def _quoted(value: object) -> str:
    return f'"{_without_password(value)}"' if isinstance(value, str) else str(value)


def _without_password(url: str) -> str:
    try:
        password = urlsplit(url).password
    except ValueError:
        return url
    return url.replace(f":{password}@", ":[redacted]@") if password else url
