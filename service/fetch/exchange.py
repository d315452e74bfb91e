"""One HTTP request and its answer, on a connection of its own."""

from __future__ import annotations

import ssl
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass

import httpcore2

from models.errors import FetchError
from service.fetch.addresses import Target
from service.fetch.body import Collect, read_body
from service.fetch.connect import GuardedBackend
from service.fetch.policy import FetchPolicy

Headers = Sequence[tuple[bytes, bytes]]


@dataclass(frozen=True, slots=True)
class Answer:
    """Status, headers and, for a status of 200 to 299, the decompressed body (else b"").

    Attributes:
        headers: names in lower case; of repeated headers the first.
    """

    status: int
    headers: dict[str, str]
    body: bytes

    def header(self, name: str) -> str:
        """The value of a header (name in lower case), "" if absent."""
        return self.headers.get(name, "")


def request_headers(target: Target, policy: FetchPolicy, etag: str, last_modified: str) -> Headers:
    """Headers of a GET: conditional where validators are given, compressed answers welcome.

    Raises:
        FetchError: a validator that cannot be sent in a header, such as one with a line break.
    """
    fields = {
        "Host": target.authority,
        "User-Agent": policy.user_agent,
        "Accept": "application/atom+xml, application/rss+xml, application/feed+json, application/xml;q=0.9, */*;q=0.8",
        "Accept-Encoding": "gzip, deflate",
        "Connection": "close",
        "If-None-Match": etag,
        "If-Modified-Since": last_modified,
    }
    return [(name.encode(), _sendable(name, value)) for name, value in fields.items() if value]


def exchange(
    target: Target,
    headers: Headers,
    policy: FetchPolicy,
    backend: GuardedBackend,
    tls: ssl.SSLContext,
    collect: Collect = b"".join,
) -> Answer:
    """The answer to one GET; the connection is closed whatever happens, without reading on.

    The body of an answer that is not 2xx is not read: no limit has to be spent on error pages.

    Raises:
        FetchError: the address is refused, the certificate does not hold, or the body is too
            large or wrongly encoded.
        httpcore2.TimeoutException, httpcore2.NetworkError, httpcore2.RemoteProtocolError,
        zlib.error, EOFError: failures that may pass: time limits, lost connections, broken HTTP
            (no HTTP at all, headers above 100 KiB, a body shorter than announced), damaged data.
    """
    url = httpcore2.URL(scheme=target.scheme, host=target.host, port=target.port, target=target.path)
    extensions = {"timeout": dict.fromkeys(("connect", "read", "write"), policy.timeout_s)}
    connection = httpcore2.HTTPConnection(url.origin, ssl_context=tls, network_backend=backend)
    request = httpcore2.Request("GET", url, headers=list(headers), extensions=extensions)
    with closing(connection):
        try:
            response = connection.handle_request(request)
        except httpcore2.ConnectError as error:
            raise _certificate_error(target, error) or error from None
        with closing(response):
            return _answer(response, policy, collect)


def _answer(response: httpcore2.Response, policy: FetchPolicy, collect: Collect) -> Answer:
    headers: dict[str, str] = {}
    for name, value in response.headers:
        headers.setdefault(name.decode("latin-1").lower(), _text(value))
    if not 200 <= response.status < 300:
        return Answer(response.status, headers, b"")
    _refuse_announced(headers.get("content-length", ""), policy)
    encoding = headers.get("content-encoding", "")
    body = read_body(response.iter_stream(), encoding, policy.max_bytes, collect, remedy=policy.remedy)
    return Answer(response.status, headers, body)


def _refuse_announced(length: str, policy: FetchPolicy) -> None:
    if length.isascii() and length.isdigit() and int(length[:20]) > policy.max_bytes:
        announced = f"the body is announced with {int(length[:20]):,} bytes"
        raise FetchError(f"{announced}, {policy.max_bytes:,} are allowed; {policy.remedy}")


def _text(value: bytes) -> str:
    # Locations often hold raw UTF-8, though headers are Latin-1 at most (RFC 9110 5.5).
    try:
        return value.decode("utf-8").strip()
    except UnicodeDecodeError:
        return value.decode("latin-1").strip()


def _sendable(name: str, value: str) -> bytes:
    try:
        encoded = value.encode("utf-8" if name != "Host" else "ascii")
    except UnicodeEncodeError:
        encoded = b"\n"
    if any(byte < 0x20 or byte == 0x7F for byte in encoded):
        raise FetchError(f"{name} is {value[:60]!r}, which cannot be sent; clear the stored validators of this feed")
    return encoded


def _certificate_error(target: Target, error: httpcore2.ConnectError) -> FetchError | None:
    """A lasting error where the certificate is the reason: trying again would not help."""
    cause = error.__cause__ or error.__context__
    if not isinstance(cause, ssl.SSLCertVerificationError):
        return None
    return FetchError(f"the certificate of {target.host} does not hold: {cause.verify_message}")
