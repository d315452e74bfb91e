"""What a fetch may do, and what it brings back."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version

from models.errors import SettingsError

_PRINTABLE = re.compile(r"[\x21-\x7e]([\x20-\x7e]*[\x21-\x7e])?")


def default_user_agent() -> str:
    """`Paperwire/<installed version>`, or `Paperwire` where the package runs uninstalled."""
    try:
        return f"Paperwire/{version('paperwire')}"
    except PackageNotFoundError:
        return "Paperwire"


@dataclass(frozen=True, slots=True)
class FetchPolicy:
    """Limits and manners of every fetch; the defaults are safe for addresses given by strangers.

    Attributes:
        allow_private: also reach loopback, RFC 1918, unique-local and other private addresses.
            Link-local (cloud metadata), multicast, unspecified and reserved ones stay refused.
        allow_networks: networks in CIDR form that may be reached whatever they are, e.g.
            `("127.0.0.0/8", "fd00:12::/32")`; narrower than `allow_private`.
        allow_downgrade: follow a redirect from https to http.
        max_bytes: largest body, both as sent and as decompressed; more is cut off and refused.
        remedy: what the error about a larger body tells people to do.
        timeout_s: longest wait in seconds for a connection, and for every single read.
        total_timeout_s: longest time in seconds for one try with all its redirects. Waiting for
            one's turn at a host and between tries is not counted.
        redirects: most redirects followed in one try.
        retries: further tries after a failure that may pass.
        backoff_s, backoff_cap_s: first and longest pause in seconds between tries; doubles in between.
        retry_after_cap_s: longest `Retry-After` in seconds that is waited for; more ends the fetch.
        intervals: (domain, seconds) from the end of one request to the start of the next for a
            domain and its subdomains together. arXiv asks for 3 s and one connection at a time:
            https://info.arxiv.org/help/api/tou.html
        user_agent: sent as User-Agent; name a way to reach you when you harvest much.

    Raises:
        SettingsError: a value out of range; names the field, the value and what is accepted.
    """

    allow_private: bool = False
    allow_networks: tuple[str, ...] = ()
    allow_downgrade: bool = False
    max_bytes: int = 64 * 1024 * 1024
    remedy: str = "raise max_bytes to accept it"
    timeout_s: float = 30.0
    total_timeout_s: float = 300.0
    redirects: int = 5
    retries: int = 4
    backoff_s: float = 1.0
    backoff_cap_s: float = 60.0
    retry_after_cap_s: float = 300.0
    intervals: tuple[tuple[str, float], ...] = (("arxiv.org", 3.0),)
    user_agent: str = field(default_factory=default_user_agent)

    def __post_init__(self) -> None:
        for name in ("max_bytes", "timeout_s", "total_timeout_s"):
            _require(getattr(self, name) > 0, name, getattr(self, name), "more than 0")
        for name in ("redirects", "retries", "backoff_s", "backoff_cap_s", "retry_after_cap_s"):
            _require(getattr(self, name) >= 0, name, getattr(self, name), "0 or more")
        for domain, seconds in self.intervals:
            _require(seconds >= 0, f"intervals[{domain}]", seconds, "0 or more seconds")
        _require(bool(_PRINTABLE.fullmatch(self.user_agent)), "user_agent", self.user_agent, "printable ASCII")
        for network in self.allow_networks:
            _require(_is_network(network), "allow_networks", network, "networks such as 127.0.0.0/8")


@dataclass(frozen=True, slots=True)
class Fetched:
    """One answer to one fetch.

    Attributes:
        url: the address asked for. final_url: the one that answered, after all redirects.
        status: HTTP status, 2xx or 304.
        body: decompressed bytes; empty when `not_modified`.
        etag, last_modified: validators to send with the next fetch, as the server wrote them;
            with 304 the ones sent, unless the server renewed them. "" where there are none, or one
            is longer than 1,000 characters.
        content_type: the header as sent, a report and never a reason to refuse; "" if absent.
        not_modified: the server says that nothing changed since the validators sent (304).
        redirected_permanently: there were redirects and all were permanent (301, 308), so that
            `final_url` should replace `url` in the list of sources.
    """

    url: str
    status: int
    body: bytes
    etag: str
    last_modified: str
    content_type: str
    not_modified: bool
    final_url: str
    redirected_permanently: bool


def _require(good: bool, name: str, value: object, expected: str) -> None:
    if not good:
        raise SettingsError(f"fetch setting '{name}' is {value!r}, expected {expected}")


def _is_network(text: str) -> bool:
    try:
        ipaddress.ip_network(text)
    except ValueError:
        return False
    return True
