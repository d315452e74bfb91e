"""How a server is configured: defaults, then a TOML file, then PAPERWIRE_* variables, then options.

Every setting has one name everywhere: `batch_texts` here, `batch_texts = 32` in the TOML file,
`PAPERWIRE_BATCH_TEXTS=32` in the environment. This is the only module that reads the environment.
"""

from __future__ import annotations

import ipaddress
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, get_type_hints

import msgspec
from msgspec import Meta

from models.errors import SettingsError
from service.settings_checks import contradictions, summary
from service.settings_values import converted, read_toml

PREFIX = "PAPERWIRE_"
CONFIG = "PAPERWIRE_CONFIG"
"""Variable that names the TOML file when no path is given."""

_SHARED_FOLDER = "PROMETHEUS_MULTIPROC_DIR"
_PASSWORD = re.compile(r"(://[^:@/]*:)[^@/]*@")

Protocol = Literal["annif", "openai", "tei", "kserve", "labelstudio"]
PROTOCOLS: tuple[Protocol, ...] = ("annif", "openai", "tei", "kserve", "labelstudio")

Positive = Annotated[float, Meta(gt=0)]
Seconds = Annotated[float, Meta(ge=0)]
Count = Annotated[int, Meta(ge=1)]


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """One server's configuration; build it with `load_settings`, which checks it."""

    host: Annotated[str, Meta(description="Address to listen on; anything but loopback requires API keys.")] = (
        "127.0.0.1"
    )
    port: Annotated[int, Meta(ge=0, le=65535, description="Port; 0 takes a free one and logs it.")] = 8000
    workers: Annotated[int, Meta(ge=1, le=256, description="Server processes.")] = 1
    root_path: Annotated[str, Meta(description="Path prefix that a proxy in front strips.")] = ""
    allowed_hosts: Annotated[
        tuple[str, ...],
        Meta(description="Host names answered; empty: loopback names while keys are off, any while they are on."),
    ] = ()
    trusted_proxies: Annotated[
        tuple[str, ...], Meta(description="Addresses of proxies whose X-Forwarded-* headers are believed.")
    ] = ()
    tls_certificate: Annotated[Path | None, Meta(description="PEM file: certificate chain; needs tls_key.")] = None
    tls_key: Annotated[Path | None, Meta(description="PEM file: private key; needs tls_certificate.")] = None
    drain_delay_s: Annotated[
        Seconds, Meta(description="After SIGTERM, seconds of not being ready while still answering everybody.")
    ] = 0.0
    drain_timeout_s: Annotated[Positive, Meta(description="Seconds that running requests get to finish.")] = 30.0

    bundle: Annotated[Path | None, Meta(description="Directory of the model; none: the one in the package.")] = None
    models: Annotated[
        Path | None,
        Meta(
            description="Directory of bundles to promote, and of what was live when; none: a folder in the user's "
            "data, or nothing can be promoted where bundle names one."
        ),
    ] = None
    threads: Annotated[int, Meta(ge=0, le=1024, description="Cores of the encoder; 0 takes all.")] = 0
    profile: Annotated[Literal["fast", "accurate", "auto"], Meta(description="Profile of requests that name none.")] = (
        "auto"
    )

    rules: Annotated[Path | None, Meta(description="YAML file of rules over the model; none: no rules.")] = None
    store: Annotated[
        str, Meta(description="Paper store: a file or a postgresql:// URL; empty: papers.db in the user's data folder.")
    ] = ""
    public_url: Annotated[
        str, Meta(description="Address under which others reach the server, for links in feeds; empty: as requested.")
    ] = ""
    feed_authority: Annotated[
        str,
        Meta(
            pattern=r"^[A-Za-z0-9.@_-]{1,253},\d{4}(-\d\d){0,2}$",
            description="Who gives the ids in feeds (RFC 4151): a domain of yours, a comma, a year you had it in.",
        ),
    ] = "paperwire.invalid,2026"
    fetch_networks: Annotated[
        tuple[str, ...],
        Meta(description="Private networks that feeds may be fetched from, such as 10.1.0.0/16; empty: none."),
    ] = ()
    fetch_agent: Annotated[
        str, Meta(description="User-Agent of fetches, with a way to reach you; empty: Paperwire and its version.")
    ] = ""

    batch_texts: Annotated[int, Meta(ge=1, le=4096, description="Most texts of a batch.")] = 32
    batch_wait_ms: Annotated[
        float, Meta(ge=0, le=10_000, description="Longest wait of an idle engine for a batch to fill.")
    ] = 1.0
    queue_texts: Annotated[Count, Meta(description="Texts admitted at a time; more are answered 503.")] = 2048
    request_timeout_s: Annotated[Positive, Meta(description="Seconds from first byte to answer; then 503.")] = 30.0

    body_bytes: Annotated[Count, Meta(description="Longest request body; longer ones are answered 413.")] = 10_485_760
    bodies_bytes: Annotated[Count, Meta(description="All bodies in memory together; more are answered 503.")] = (
        268_435_456
    )
    papers_per_request: Annotated[Count, Meta(description="Most papers or texts of a request; more: 422.")] = 1000
    line_bytes: Annotated[Count, Meta(description="Longest line of POST /v1/tag/stream.")] = 1_048_576
    stream_idle_s: Annotated[Positive, Meta(description="Seconds a stream may send nothing before it is closed.")] = (
        60.0
    )
    stream_spool_bytes: Annotated[
        int,
        Meta(ge=0, description="Answers kept on disk for a stream's client that sends all before it reads."),
    ] = 1_073_741_824

    jobs_at_once: Annotated[
        int,
        Meta(ge=0, le=256, description="Jobs run at a time by all servers that share jobs_folder; 0: run none here."),
    ] = 1
    jobs_threads: Annotated[
        int, Meta(ge=0, le=1024, description="Cores of a job, which yields to requests; 0 takes half of them.")
    ] = 0
    jobs_folder: Annotated[
        Path | None,
        Meta(
            description="Directory of uploads and results; none: `jobs` beside the store's file, or in the user's data."
        ),
    ] = None
    jobs_paths: Annotated[
        tuple[str, ...], Meta(description="Folders of files that jobs may name by path; empty: none.")
    ] = ()
    jobs_input_bytes: Annotated[Count, Meta(description="Longest upload (413) or fetched dump (fails) of a job.")] = (
        4_294_967_296
    )
    jobs_disk_bytes: Annotated[
        Count, Meta(description="All files of jobs together; beyond that new jobs are answered 507.")
    ] = 34_359_738_368
    jobs_waiting: Annotated[
        Count, Meta(description="Jobs that may arrive or wait at a time; more are answered 503.")
    ] = 1000
    jobs_timeout_s: Annotated[
        Seconds, Meta(description="Seconds that a job may run, over all restarts; then it fails. 0: no limit.")
    ] = 86_400.0
    jobs_keep_s: Annotated[Positive, Meta(description="Seconds that an ended job and its files are kept.")] = 604_800.0
    jobs_lease_s: Annotated[
        float, Meta(ge=2, description="Seconds a server may stay silent before another takes over its jobs.")
    ] = 30.0

    keys: Annotated[
        Literal["auto", "on", "off"], Meta(description="API keys: auto asks for them unless host is loopback.")
    ] = "auto"
    keys_file: Annotated[Path | None, Meta(description="File of `paperwire keys`.")] = None
    rate_per_s: Annotated[
        Seconds, Meta(description="Texts a second that one key (or address) may send; 0: no limit.")
    ] = 0.0
    rate_burst: Annotated[Count, Meta(description="Texts that one key may send at once within the rate.")] = 100
    cors_origins: Annotated[
        tuple[str, ...], Meta(description="Web origins whose pages may call the API, such as https://example.org.")
    ] = ()

    protocols: Annotated[tuple[Protocol, ...], Meta(description="Other services' protocols to speak.")] = PROTOCOLS
    theme_uri: Annotated[str, Meta(description="Prefix that makes a theme id a URI in Annif's protocol.")] = (
        "urn:paperwire:theme:"
    )

    log_level: Annotated[Literal["debug", "info", "warning", "error"], Meta(description="Least severe log line.")] = (
        "info"
    )
    log_format: Annotated[Literal["json", "text"], Meta(description="Log lines as JSON or for people.")] = "json"
    access_log: Annotated[bool, Meta(description="One log line a request.")] = True

    @property
    def on_loopback(self) -> bool:
        """Whether only this machine can reach the server."""
        return is_loopback(self.host)

    @property
    def keys_required(self) -> bool:
        """Whether requests need an API key."""
        return self.keys == "on" or (self.keys == "auto" and not self.on_loopback)

    @property
    def store_place(self) -> str:
        """Where the paper store is: what `store` says, else a file in the user's data folder."""
        if self.store:
            return self.store
        from platformdirs import user_data_path  # only the store needs it

        return str(user_data_path("paperwire", appauthor=False) / "papers.db")

    @property
    def models_place(self) -> Path:
        """Directory of the bundles that can be promoted: what `models` says, else a folder in the user's data."""
        if self.models is not None:
            return self.models
        from platformdirs import user_data_path  # only few settings need it

        return user_data_path("paperwire", appauthor=False) / "models"

    @property
    def jobs_place(self) -> Path:
        """Directory of the jobs' files: what `jobs_folder` says, else `jobs` beside the store."""
        if self.jobs_folder is not None:
            return self.jobs_folder
        if self.store and "://" not in self.store and self.store != ":memory:":
            return Path(self.store).expanduser().parent / "jobs"
        from platformdirs import user_data_path  # only few settings need it

        return user_data_path("paperwire", appauthor=False) / "jobs"

    def effective(self) -> dict[str, Any]:
        """JSON-ready dict of every setting as it holds now; no secret is among them."""
        shown = {name: _plain(getattr(self, name)) for name in self.__struct_fields__}
        return shown | {"store": _PASSWORD.sub(r"\1***@", self.store)}


def load_settings(
    toml: Path | None = None,
    environ: Mapping[str, str] | None = None,
    overrides: Mapping[str, Any] | None = None,
) -> Settings:
    """Checked settings from all places; the later of file, environment and overrides wins.

    Args:
        toml: the file; by default the one that PAPERWIRE_CONFIG names, if it does.
        environ: variables; by default this process's. Lists are separated by commas.
        overrides: by setting name, as options of a command give them; None values are left out.

    Raises:
        SettingsError: `details` names every unknown setting, wrong value and contradiction.
    """
    environ = os.environ if environ is None else environ
    path = toml or (Path(environ[CONFIG]) if environ.get(CONFIG) else None)
    given: dict[str, tuple[Any, str]] = {}
    problems: list[str] = []
    if path is not None:
        given |= {name: (value, f"'{name}' in {path}") for name, value in read_toml(path, problems).items()}
    given |= {name: (environ[key], key) for name, key in _variables(environ)}
    given |= {name: (v, f"option '{name}'") for name, v in (overrides or {}).items() if v is not None}
    values = converted(given, Settings, problems)
    settings = Settings(**values)
    problems += contradictions(settings)
    if problems:
        raise SettingsError(summary(problems), details=problems)
    return settings


def setting_rows() -> Iterator[tuple[str, str, str]]:
    """(name, default, description) of every setting, in order: the table of docs/operations.md."""
    hints = get_type_hints(Settings, include_extras=True)
    plain = Settings()
    for name in Settings.__struct_fields__:
        meta = next(m for m in reversed(hints[name].__metadata__) if m.description)
        yield name, _shown(getattr(plain, name)), meta.description


def set_shared_folder(folder: Path) -> None:
    """Let the processes that this one starts keep metrics and rates in files, for all of them together.

    The variable is the metrics library's own; it has to be set before the library is loaded.
    """
    os.environ[_SHARED_FOLDER] = str(folder)


def shared_folder() -> str | None:
    """Folder of what several processes share, or None where this one is alone and needs none."""
    return os.environ.get(_SHARED_FOLDER)


def is_loopback(host: str) -> bool:
    """Whether a host name or address means this machine alone."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"


def _variables(environ: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    # Unknown PAPERWIRE_* variables are not errors: tests and other commands have variables of their own.
    for name in Settings.__struct_fields__:
        if PREFIX + name.upper() in environ:
            yield name, PREFIX + name.upper()


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return list(value)
    return str(value) if isinstance(value, Path) else value


def _shown(value: Any) -> str:
    if value is None or value == ():
        return ""
    return ", ".join(value) if isinstance(value, tuple) else str(value)
