"""API keys in a JSON file: made, listed and revoked here, checked by `access`.

A key reads `pw_<id>_<secret>`. Its secret has 256 random bits, so a plain sha256 of it is as good
as a slow hash, and only that is stored. The file is replaced as a whole, readable by its owner alone.

    {"format": 1, "keys": [{"id", "name", "sha256", "scopes", "created", "expires", "rate_per_s"}]}
"""

from __future__ import annotations

import hashlib
import os
import secrets
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Literal, get_args

import msgspec
from msgspec import Meta

from models.errors import ConflictError, InputError, NotFoundError, SettingsError

Scope = Literal["tag", "review", "admin"]
SCOPES: tuple[Scope, ...] = get_args(Scope)

_PREFIX = "pw"
_NAME_CHARACTERS = 80


class Key(msgspec.Struct, frozen=True, omit_defaults=True):
    """One key as it is stored.

    Attributes:
        id: public part. name: whose it is. sha256: hex digest of the secret part.
        scopes: what it may do; "admin" may do all.
        created, expires: aware UTC; without `expires` it lasts until revoked.
        rate_per_s: texts a second instead of the server's own rate; 0: no limit.
    """

    id: Annotated[str, Meta(pattern="^[0-9a-f]{12}$")]
    name: str
    sha256: Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]
    scopes: tuple[Scope, ...]
    created: datetime
    expires: datetime | None = None
    rate_per_s: Annotated[float, Meta(ge=0)] | None = None


class _File(msgspec.Struct):
    format: Literal[1]
    keys: list[Key] = []


def create_key(
    path: Path,
    name: str,
    scopes: Sequence[str] = ("tag",),
    *,
    expires: datetime | None = None,
    rate_per_s: float | None = None,
) -> tuple[Key, str]:
    """The stored key and the text to give to its user, which nothing can show again.

    Raises:
        InputError: an empty or long name, an unknown scope, a negative rate.
        ConflictError: another key has the name.
        SettingsError: the file cannot be read or written.
    """
    _check(name, scopes, rate_per_s)
    keys = list_keys(path)
    if any(key.name == name for key in keys):
        raise ConflictError(f"a key named {name!r} exists: revoke it first, or take another name")
    secret = secrets.token_urlsafe(32)
    ordered = tuple(scope for scope in SCOPES if scope in scopes)
    key = Key(secrets.token_hex(6), name, digest(secret), ordered, datetime.now(UTC), expires, rate_per_s)
    _write(path, [*keys, key])
    return key, f"{_PREFIX}_{key.id}_{secret}"


def list_keys(path: Path) -> list[Key]:
    """All keys of a file, oldest first; none where there is no file.

    Raises:
        SettingsError: the file cannot be read or is damaged.
    """
    try:
        return msgspec.json.decode(path.read_bytes(), type=_File).keys
    except FileNotFoundError:
        return []
    except OSError as error:
        raise SettingsError(f"cannot read the keys in {path}: {error.strerror}") from None
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise SettingsError(f"the keys in {path} are damaged: {error}") from None


def revoke_key(path: Path, id_or_name: str) -> Key:
    """The key that is no longer valid; running servers learn of it within a second.

    Raises:
        NotFoundError: no such key.
        SettingsError: the file cannot be read or written.
    """
    keys = list_keys(path)
    for key in keys:
        if id_or_name in (key.id, key.name):
            _write(path, [other for other in keys if other is not key])
            return key
    raise NotFoundError(f"there is no key {id_or_name!r} in {path}: `paperwire keys list` shows them")


def split_key(text: str) -> tuple[str, str] | None:
    """(id, secret) of a key as its user gives it, or None where it is no key of ours."""
    prefix, _, rest = text.strip().partition("_")
    key_id, _, secret = rest.partition("_")
    return (key_id, secret) if prefix == _PREFIX and key_id and secret else None


def digest(secret: str) -> str:
    """sha256 of a secret in hex."""
    return hashlib.sha256(secret.encode()).hexdigest()


def _check(name: str, scopes: Sequence[str], rate_per_s: float | None) -> None:
    if not name.strip() or len(name) > _NAME_CHARACTERS or not name.isprintable():
        raise InputError(f"key name {name!r}: give 1 to {_NAME_CHARACTERS} printable characters")
    wrong = [scope for scope in scopes if scope not in SCOPES]
    if wrong or not scopes:
        raise InputError(f"scopes {', '.join(wrong) or 'none'}: choose of {', '.join(SCOPES)}")
    if rate_per_s is not None and not 0 <= rate_per_s < float("inf"):
        raise InputError(f"rate_per_s is {rate_per_s}: give a number from 0")


def _write(path: Path, keys: Iterable[Key]) -> None:
    raw = msgspec.json.format(msgspec.json.encode(_File(1, list(keys))), indent=1) + b"\n"
    staging = path.with_name(f".{path.name}.{secrets.token_hex(4)}.new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(staging, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(raw)
            stream.flush()
            os.fsync(stream.fileno())
        staging.replace(path)
    except OSError as error:
        raise SettingsError(f"cannot write the keys to {path}: {error.strerror}") from None
    finally:
        staging.unlink(missing_ok=True)
