"""The record of a bulk run, kept beside its output: what made the file, and where to go on.

`tags.jsonl` has `tags.jsonl.run.json` beside it. The record is replaced atomically after the output
it speaks of has reached the disk, so at any moment the output holds at least what the record says.
What it holds beyond that is cut off before a run goes on, and made again.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from hashlib import blake2b
from pathlib import Path
from typing import Any

from models.errors import InputError, SettingsError
from models.paper import Paper
from models.tagging import ModelName, TagOptions

FORMAT = 1
SUFFIX = ".run.json"


@dataclass(frozen=True, slots=True)
class RunRecord:
    """How far a run has come.

    Attributes:
        settings: all that decides what is written for a paper; a run goes on only under the same.
        papers: answers written. bytes: their length in the output.
        digest: `PapersDigest` of these papers.
        complete: the run reached the end of its inputs.
    """

    settings: Mapping[str, Any]
    papers: int = 0
    bytes: int = 0
    digest: str = ""
    complete: bool = False
    format: int = field(default=FORMAT)

    def save(self, path: Path) -> None:
        """Write it atomically; raises OSError."""
        staging = path.with_name(f".{path.name}.new")
        with staging.open("w", encoding="utf-8") as stream:
            json.dump(asdict(self), stream, indent=1, ensure_ascii=False)
            stream.write("\n")
            stream.flush()
            os.fsync(stream.fileno())
        staging.replace(path)

    def check_settings(self, wanted: Mapping[str, Any], output: Path) -> None:
        """Raise SettingsError, naming each difference, unless the run was made under these settings."""
        differing = [name for name in {**self.settings, **wanted} if self.settings.get(name) != wanted.get(name)]
        if differing:
            told = [
                f"{name} was {_shown(self.settings.get(name))}, is {_shown(wanted.get(name))}" for name in differing
            ]
            raise SettingsError(
                f"cannot resume {output}, it was begun otherwise: {'; '.join(told)}. Use the same options, "
                "or start over without --resume",
            )


def settings_of_run(
    model: ModelName,
    options: TagOptions,
    output: str,
    format: str | None,  # noqa: A002 (the word for it)
    rules: Path | None,
) -> dict[str, Any]:
    """All that decides what is written for a paper, for `RunRecord.settings`.

    Args:
        model: the bundle. options: how it tags. output: the form of answers. format: of the inputs, None to find out.
        rules: file of rules over the model, None for none.
    """
    return {
        "model": model.to_json(),
        "options": {name: list(v) if isinstance(v, tuple) else v for name, v in asdict(options).items()},
        "output": output,
        "format": format,
        **({"rules": rules.read_text(encoding="utf-8-sig")} if rules else {}),
    }


def record_path(output: Path) -> Path:
    """Where the record of an output lies: `tags.jsonl.run.json` beside `tags.jsonl`."""
    return output.with_name(output.name + SUFFIX)


def load_record(path: Path) -> RunRecord | None:
    """The record in a file, None if there is none.

    Raises:
        InputError: damaged, or of a newer version; the message says what to do.
    """
    try:
        values = json.loads(path.read_bytes())
        record = RunRecord(**values)
        well_formed = (
            record.format == FORMAT and min(record.papers, record.bytes) >= 0 and isinstance(record.settings, dict)
        )
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError) as error:
        raise InputError(f"cannot resume: {path} is damaged ({error}); start over without --resume") from None
    if not well_formed:
        raise InputError(f"cannot resume: {path} is of another version of Paperwire; start over without --resume")
    return record


class PapersDigest:
    """A running digest over papers in order: equal if and only if the same papers came in the same order."""

    def __init__(self) -> None:
        self._hash = blake2b(digest_size=16)

    def add(self, paper: Paper) -> None:
        """Take in one more paper: what the answer says of it, and what it is tagged by."""
        parts = (paper.id, str(paper.version), paper.title, paper.abstract)
        self._hash.update("\x1f".join(parts).encode("utf-8", "surrogatepass") + b"\x1e")

    def hex(self) -> str:
        """The digest so far, 32 hexadecimal digits."""
        return self._hash.hexdigest()


def _shown(value: object) -> str:
    return "not set" if value is None else json.dumps(value, ensure_ascii=False)
