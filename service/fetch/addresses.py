"""Which URLs and which network addresses a fetch may touch.

Names are not judged here: a host name is resolved at connect time (see `connect`), and the very
addresses it resolves to are judged and used, so an answer that changes in between gains nothing.
"""

from __future__ import annotations

import functools
import ipaddress
import re
from dataclasses import dataclass
from urllib.parse import quote, urljoin, urlsplit

import idna

from models.errors import FetchError
from service.fetch.policy import FetchPolicy

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
_PORTS = {"http": 80, "https": 443}
_UNSAFE = re.compile(r"[\x00-\x20\x7f\\]")
_CREDENTIALS = re.compile(r"(?<=//)[^/?#]*@")
# What resolvers take for an IPv4 address though it is not in dotted decimal: 2130706433, 0x7f.1, 0177.0.0.1.
_NUMERIC = re.compile(r"(?:0x[0-9a-f]*|\d+)(?:\.(?:0x[0-9a-f]*|\d+))*\.?", re.IGNORECASE)
_LABEL = re.compile(r"[a-z0-9_-]{1,63}")
_LONGEST_NAME = 254  # RFC 1035 2.3.4, with the dot at the end
_KEPT = "%/:@!$&'()*+,;=?-._~[]|"
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
# Special-purpose by the IANA registries, but global to `ipaddress` of some supported Pythons.
_RESERVED = tuple(
    ipaddress.ip_network(text)
    for text in ("192.0.0.0/24", "192.88.99.0/24", "64:ff9b:1::/48", "2001::/23", "3fff::/20", "5f00::/16", "fec0::/10")
)


@dataclass(frozen=True, slots=True)
class Target:
    """One http(s) address taken apart.

    Attributes:
        scheme: "http" or "https".
        host: lower-case ASCII (IDNA) name, or IP address without brackets.
        port: 1 to 65535, the scheme's own if the URL names none.
        path: path and query, percent-encoded, at least "/".
    """

    scheme: str
    host: str
    port: int
    path: str

    @property
    def authority(self) -> str:
        """Host header value: brackets around IPv6, the port unless it is the scheme's own."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def url(self) -> str:
        """The URL in normal form; two targets are the same place exactly when these agree."""
        return f"{self.scheme}://{self.authority}{self.path}"


def target(url: str) -> Target:
    """The parts of an http(s) URL; the fragment is dropped, names become IDNA, paths percent-encoded.

    Raises:
        FetchError: another scheme, credentials, no or an impossible host or port, white space,
            control characters or backslashes, or an IP address in decimal, octal, hexadecimal or
            shortened spelling (`http://2130706433/`): those serve to slip past filters.
    """
    url = url.strip()
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise FetchError(f"{redacted(url)}: not a URL ({error})") from None
    _refuse_odd(url, parts.scheme, has_credentials="@" in parts.netloc)
    host = _host(url, parts.hostname or "", bracketed="[" in parts.netloc)
    if port == 0:
        raise FetchError(f"{redacted(url)}: port 0 cannot be reached, use 1 to 65535")
    query = f"?{parts.query}" if parts.query else ""
    path = quote(f"{parts.path or '/'}{query}", safe=_KEPT)
    return Target(parts.scheme, host, port or _PORTS[parts.scheme], path)


def redirect_target(current: Target, location: str) -> Target:
    """Where a `Location` header seen at `current` leads; relative ones are resolved.

    Raises:
        FetchError: as `target`.
    """
    return target(urljoin(current.url, location.strip()))


def redacted(url: str) -> str:
    """The URL for messages: credentials masked, control characters escaped, cut at 300 characters."""
    shown = _CREDENTIALS.sub("***@", url)
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in shown[:300])


def refusal(address: str, policy: FetchPolicy) -> str:
    """Why this IP address may not be reached ("a loopback address"), or "" when it may.

    Addresses that carry an IPv4 address inside (mapped, 6to4, Teredo, NAT64) are judged by that
    as well. Registries: https://www.iana.org/assignments/iana-ipv4-special-registry and ipv6.
    """
    ip = ipaddress.ip_address(address.partition("%")[0])  # a zone says which network card, not where
    return next(filter(None, (_judged(part, policy) for part in _carried(ip))), "")


def _refuse_odd(url: str, scheme: str, *, has_credentials: bool) -> None:
    if has_credentials:
        raise FetchError(
            f"{redacted(url)}: credentials in a URL are refused, they end up in logs; use a public address"
        )
    if _UNSAFE.search(url):
        raise FetchError(f"{redacted(url)}: white space, control characters and backslashes must be percent-encoded")
    if scheme not in _PORTS:
        raise FetchError(f"{redacted(url)}: scheme {scheme!r} is refused, only http and https are fetched")


def _host(url: str, name: str, *, bracketed: bool) -> str:
    if bracketed or ":" in name:
        return _ipv6(url, name)
    host = _ascii(url, name)
    if _NUMERIC.fullmatch(host) and not _is_dotted(host):
        raise FetchError(f"{redacted(url)}: write the address {host!r} in full dotted decimal, as in 192.0.2.1")
    return host


def _ascii(url: str, name: str) -> str:
    try:
        if len(name) > _LONGEST_NAME:
            raise idna.IDNAError(f"longer than {_LONGEST_NAME} characters")
        # UTS 46 maps full-width digits and dots as browsers do, so "１２７.0.0.1" is judged as what it is.
        return _checked(name if name.isascii() else idna.encode(name, uts46=True).decode("ascii"))
    except (idna.IDNAError, UnicodeError) as error:
        raise FetchError(f"{redacted(url)}: {redacted(name)!r} is not a host name ({error})") from None


def _checked(name: str) -> str:
    if not all(_LABEL.fullmatch(label) for label in name.removesuffix(".").split(".")):
        raise idna.IDNAError("letters, digits and hyphens, up to 63 a part" if name else "it is missing")
    return name


def _ipv6(url: str, name: str) -> str:
    try:
        address = ipaddress.IPv6Address(name)
    except ValueError:
        raise FetchError(f"{redacted(url)}: {name!r} is not an IPv6 address") from None
    if address.scope_id:
        raise FetchError(f"{redacted(url)}: addresses with a zone ({name!r}) are refused, they are link-local")
    return str(address)


def _is_dotted(host: str) -> bool:
    try:
        ipaddress.IPv4Address(host)
    except ValueError:
        return False
    return True


def _carried(ip: IPAddress) -> list[IPAddress]:
    """The address itself, or the IPv4 address that it stands for, or both where both are dialled."""
    if isinstance(ip, ipaddress.IPv4Address):
        return [ip]
    if ip.ipv4_mapped is not None:
        return [ip.ipv4_mapped]
    if ip in _NAT64:
        return [ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)]
    if ip.sixtofour is not None:
        return [ip, ip.sixtofour]
    return [ip, *(ip.teredo or ())]


def _judged(ip: IPAddress, policy: FetchPolicy) -> str:
    if any(ip.version == net.version and ip in net for net in _networks(policy.allow_networks)):
        return ""
    never = _never(ip)
    if never:
        return never
    if policy.allow_private or _is_public(ip):
        return ""
    return "a loopback address" if ip.is_loopback else "a private or special-purpose address"


def _never(ip: IPAddress) -> str:
    """Kinds that no feed lives at and that `allow_private` does not open."""
    if ip.is_link_local:
        return "a link-local address"
    if ip.is_multicast:
        return "a multicast address"
    if ip.is_unspecified:
        return "the unspecified address"
    # ::1 and the ranges around it are "reserved" to ipaddress; loopback is judged apart.
    return "a reserved address" if ip.is_reserved and not ip.is_loopback else ""


def _is_public(ip: IPAddress) -> bool:
    return ip.is_global and not any(ip.version == net.version and ip in net for net in _RESERVED)


@functools.lru_cache(maxsize=16)
def _networks(texts: tuple[str, ...]) -> tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...]:
    return tuple(ipaddress.ip_network(text) for text in texts)
