"""Who calls, and what they may do: API keys against scopes, hosts against rebinding."""

from __future__ import annotations

import base64
import binascii
import hmac
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from starlette.datastructures import Headers

from models.errors import SettingsError
from service.api.errors import RefusalError
from service.api.keys import SCOPES, Key, Scope, digest, list_keys, split_key

_RELOAD_S = 1.0
_NOBODY = Key("0" * 12, "", "0" * 64, (), datetime(1970, 1, 1, tzinfo=UTC))
_CHALLENGE = {"WWW-Authenticate": 'Bearer realm="paperwire"'}


@dataclass(frozen=True, slots=True)
class Caller:
    """Who sent a request.

    Attributes:
        id: the key's id, or the address where keys are off. name: for logs and records.
        scopes: what they may do. rate_per_s: their own rate, None for the server's.
    """

    id: str
    name: str
    scopes: tuple[Scope, ...]
    rate_per_s: float | None = None


class KeyRing:
    """The keys of a file, read again when it changes.

    Args:
        path: the file of `service.api.keys`.
        clock: seconds, monotonic.

    Raises:
        SettingsError: the file cannot be read.
    """

    def __init__(self, path: Path, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._path, self._clock = path, clock
        self._stamp: tuple[int, int, int] | None = None
        self._keys: dict[str, Key] = {}
        self._read_at = float("-inf")
        self._refresh()

    def find(self, text: str) -> Key | None:
        """The valid key of this text, or None; takes the same time for a wrong id as for a wrong secret."""
        self._refresh()
        key_id, secret = split_key(text) or ("", "")
        key = self._keys.get(key_id, _NOBODY)
        right = hmac.compare_digest(digest(secret), key.sha256)
        expired = key.expires is not None and key.expires <= datetime.now(UTC)
        return key if right and not expired and key is not _NOBODY else None

    def _refresh(self) -> None:
        if self._clock() - self._read_at < _RELOAD_S:
            return
        self._read_at = self._clock()
        stamp = self._state()
        if stamp != self._stamp:
            self._keys = {key.id: key for key in list_keys(self._path)}
            self._stamp = stamp

    def _state(self) -> tuple[int, int, int] | None:
        try:
            state = self._path.stat()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise SettingsError(f"cannot read the keys in {self._path}: {error.strerror}") from None
        return state.st_mtime_ns, state.st_size, state.st_ino


def identify(headers: Headers, address: str, ring: KeyRing | None) -> Caller:
    """The caller of a request; everybody may do everything where there is no key ring.

    Keys come as `Authorization: Bearer <key>`, `X-API-Key: <key>`, or as the password of HTTP Basic.

    Raises:
        RefusalError: 401 without a key, or with one that is not valid.
    """
    if ring is None:
        return Caller(address, address, SCOPES)
    given = _given(headers)
    if given is None:
        message = "an API key is required: send 'Authorization: Bearer pw_...'"
        raise RefusalError(401, "key-missing", message, headers=_CHALLENGE)
    key = ring.find(given)
    if key is None:
        message = "this API key is not valid: it is mistyped, revoked or has expired"
        raise RefusalError(401, "key-invalid", message, headers=_CHALLENGE)
    return Caller(key.id, key.name, key.scopes, key.rate_per_s)


def demand(caller: Caller, scope: Scope) -> None:
    """Nothing where the caller has the scope or is an admin.

    Raises:
        RefusalError: 403.
    """
    if scope not in caller.scopes and "admin" not in caller.scopes:
        message = f"this API key has no scope '{scope}': ask for a key that has"
        raise RefusalError(403, "scope-missing", message)


def refuse_foreign_pages(headers: Headers, origins: Sequence[str], public_url: str = "") -> None:
    """Nothing unless a browser says that a page of another site sends this.

    Where keys are off, a page that a user of this machine looks at could tag, label and delete here without asking
    first. Browsers say where a request is from by Fetch Metadata (https://www.w3.org/TR/fetch-metadata/); older ones,
    and all of them on plain HTTP to other machines, by `Origin` alone. Other programs send neither.

    Args:
        headers: of the request. origins: web origins that are allowed, all of them with "*".
        public_url: the server's own address where a proxy in front changes `Host`, "" for none.

    Raises:
        RefusalError: 403.
    """
    site, origin = headers.get("sec-fetch-site"), headers.get("origin", "")
    if site in ("none", "same-origin") or (site is None and not origin):
        return
    own = filter(None, (headers.get("host", "").lower(), _authority(public_url)))
    if site is None and _authority(origin) in own:
        return
    if "*" not in origins and origin not in origins:
        message = "a page of another site may not send anything here: add its origin to cors_origins"
        raise RefusalError(403, "foreign-page", message)


def _authority(url: str) -> str:
    """Host and port of a URL, "" where it has none; browsers leave the usual port out of `Origin` and of `Host`."""
    return url.partition("://")[2].partition("/")[0].lower()


def _given(headers: Headers) -> str | None:
    own = headers.get("x-api-key")
    if own:
        return own
    scheme, _, value = headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and value.strip():
        return value.strip()
    return _password(value) if scheme.lower() == "basic" else None


def _password(encoded: str) -> str | None:
    try:
        text = base64.b64decode(encoded.strip(), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError, ValueError):
        return None
    return text.partition(":")[2] or None
