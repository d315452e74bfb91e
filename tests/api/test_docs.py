"""docs/operations.md tells what holds."""

from __future__ import annotations

from pathlib import Path

from service.api.app import all_operations
from service.settings import load_settings, setting_rows

TEXT = (Path(__file__).parents[2] / "docs" / "operations.md").read_text(encoding="utf-8")


def test_the_table_of_settings_is_the_settings() -> None:
    begin = TEXT.index("|", TEXT.index("<!-- settings"))
    listed = TEXT[begin : TEXT.index("<!-- end of settings")].splitlines()[2:]
    expected = [
        f"| `{name}` | {f'`{default}`' if default else ''} | {words} |" for name, default, words in setting_rows()
    ]
    wanted = "\n".join(expected)
    assert listed == expected, f"put this below the table's head in docs/operations.md:\n{wanted}"


def test_every_protocol_and_tagging_endpoint_is_named() -> None:
    paths = {operation.path for operation in all_operations(load_settings(None, {}))}
    for path in ("/v1/tag", "/v1/tag/stream", "/v1/embeddings", "/predict", "/embed", "/setup", "/webhook", "/metrics"):
        assert path in paths
        assert path in TEXT
