"""Fetch settings."""

from __future__ import annotations

import pytest

from models.errors import SettingsError
from service.fetch.policy import FetchPolicy


def test_the_defaults_are_closed_and_polite():
    policy = FetchPolicy()
    assert not policy.allow_private and not policy.allow_networks and not policy.allow_downgrade
    assert policy.max_bytes == 64 * 1024 * 1024
    assert dict(policy.intervals)["arxiv.org"] == 3.0
    assert policy.user_agent.startswith("Paperwire")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("max_bytes", 0), ("timeout_s", -1.0), ("total_timeout_s", 0.0), ("redirects", -1), ("retries", -1),
        ("backoff_s", -0.1), ("retry_after_cap_s", -1.0), ("user_agent", ""), ("user_agent", "a\r\nb"),
        ("user_agent", " a"), ("user_agent", "Päperwire"), ("allow_networks", ("10.0.0.0/33",)),
        ("allow_networks", ("10.0.0.1/8",)),
        ("intervals", (("arxiv.org", -3.0),)),
    ],
)  # fmt: skip
def test_a_value_out_of_range_is_named(name, value):
    with pytest.raises(SettingsError, match=f"fetch setting '{name}"):
        FetchPolicy(**{name: value})
