"""API keys: made, stored as digests, checked, revoked; scopes and rates."""

from __future__ import annotations

import base64
import stat
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.datastructures import Headers
from starlette.testclient import TestClient

from models.errors import ConflictError, InputError, NotFoundError, SettingsError, UnavailableError
from service.api.access import KeyRing, refuse_foreign_pages
from service.api.app import all_operations
from service.api.errors import RefusalError
from service.api.keys import create_key, list_keys, revoke_key, split_key
from service.api.limits import ByteBudget, Rates

FOREIGN = {"sec-fetch-site": "cross-site", "origin": "https://page.example", "content-type": "text/plain"}
PAGE = ("https://page.example",)
PAPER = {"title": "Leader election in replicas"}


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    return tmp_path / "keys" / "keys.json"


def bearer(secret: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {secret}"}


class TestKeyFile:
    def test_secrets_are_stored_as_digests_readable_by_the_owner_alone(self, keys: Path) -> None:
        key, secret = create_key(keys, "curator", ("review", "tag"))
        assert secret.startswith(f"pw_{key.id}_")
        assert secret.removeprefix(f"pw_{key.id}_") not in keys.read_text()
        assert stat.S_IMODE(keys.stat().st_mode) == 0o600
        assert list_keys(keys) == [key]
        assert key.scopes == ("tag", "review")

    def test_revoking_by_name_or_id(self, keys: Path) -> None:
        first, _ = create_key(keys, "a")
        second, _ = create_key(keys, "b")
        assert revoke_key(keys, "a") == first
        assert revoke_key(keys, second.id) == second
        assert list_keys(keys) == []
        with pytest.raises(NotFoundError, match="keys list"):
            revoke_key(keys, "a")

    def test_wrong_wishes(self, keys: Path) -> None:
        create_key(keys, "a")
        with pytest.raises(ConflictError, match="exists"):
            create_key(keys, "a")
        for name, scopes, rate in (
            ("", ("tag",), None),
            ("b", ("root",), None),
            ("b", (), None),
            ("b", ("tag",), -1.0),
        ):
            with pytest.raises(InputError):
                create_key(keys, name, scopes, rate_per_s=rate)

    def test_a_damaged_file_is_named(self, keys: Path) -> None:
        keys.parent.mkdir()
        keys.write_text('{"format": 2}')
        with pytest.raises(SettingsError, match=r"keys\.json are damaged"):
            list_keys(keys)

    @settings(max_examples=100, deadline=None)
    @given(st.text(max_size=60))
    def test_any_text_is_a_key_or_none(self, text: str) -> None:
        parts = split_key(text)
        assert parts is None or all(parts)


class TestKeyRing:
    def test_changes_are_seen_within_a_second(self, keys: Path) -> None:
        now = [0.0]
        _, old = create_key(keys, "old")
        ring = KeyRing(keys, clock=lambda: now[0])
        assert ring.find(old) is not None
        _, new = create_key(keys, "new")
        revoke_key(keys, "old")
        now[0] = 1.1
        assert ring.find(old) is None
        assert ring.find(new) is not None

    def test_expired_wrong_and_foreign_keys(self, keys: Path) -> None:
        _, expired = create_key(keys, "expired", expires=datetime.now(UTC) - timedelta(seconds=1))
        key, secret = create_key(keys, "good")
        ring = KeyRing(keys)
        wrong = [expired, secret[:-1], f"pw_{key.id}_", f"pw_{'0' * 12}_x", "", "pw__", "token"]
        assert [ring.find(text) for text in wrong] == [None] * len(wrong)
        assert ring.find(secret) == key


class TestRequests:
    @pytest.fixture
    def guarded(self, make_client: Callable[..., Any], keys: Path, tmp_path: Path) -> Any:
        self.secrets = {scope: create_key(keys, scope, (scope,))[1] for scope in ("tag", "review", "admin")}
        self.secrets["slow"] = create_key(keys, "slow", ("tag",), rate_per_s=0.001)[1]
        with make_client(keys="on", keys_file=keys, rate_burst=5, store=str(tmp_path / "papers.db")) as client:
            yield client

    def test_every_way_to_send_a_key(self, guarded: TestClient) -> None:
        secret = self.secrets["tag"]
        basic = base64.b64encode(f"anyone:{secret}".encode()).decode()
        for headers in (bearer(secret), {"X-API-Key": secret}, {"Authorization": f"Basic {basic}"}):
            assert guarded.post("/v1/tag", json=PAPER, headers=headers).status_code == 200

    @pytest.mark.parametrize(
        "headers",
        [{}, {"Authorization": "Bearer pw_0_0"}, {"Authorization": "Basic %%%"}, {"Authorization": "Bearer "}],
    )
    def test_without_a_valid_key_there_is_a_challenge(self, guarded: TestClient, headers: dict[str, str]) -> None:
        answer = guarded.post("/v1/tag", json=PAPER, headers=headers)
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"].startswith("Bearer")

    def test_scopes(self, guarded: TestClient) -> None:
        event = {"action": "ANNOTATION_DELETED", "annotation": {"id": 17}}
        statuses = {
            scope: guarded.post("/webhook", json=event, headers=bearer(self.secrets[scope])).status_code
            for scope in ("tag", "review", "admin")
        }
        assert statuses == {"tag": 403, "review": 201, "admin": 201}

    def test_health_and_document_are_open_metrics_are_not(self, guarded: TestClient) -> None:
        for path in ("/health", "/health/live", "/health/ready", "/openapi.json", "/v2/health/live"):
            assert guarded.get(path).status_code == 200
        assert guarded.get("/metrics").status_code == 401
        assert guarded.get("/metrics", headers=bearer(self.secrets["tag"])).status_code == 200

    def test_a_rate_is_counted_in_texts_and_is_the_key_s_own(self, guarded: TestClient) -> None:
        slow, quick = bearer(self.secrets["slow"]), bearer(self.secrets["tag"])
        assert guarded.post("/v1/tag", json=[PAPER] * 5, headers=slow).status_code == 200
        refused = guarded.post("/v1/tag", json=PAPER, headers=slow)
        assert refused.status_code == 429
        assert int(refused.headers["retry-after"]) > 900
        assert guarded.post("/v1/tag", json=[PAPER] * 20, headers=quick).status_code == 200

    def test_openai_s_form_of_refusal(self, guarded: TestClient) -> None:
        answer = guarded.post("/v1/embeddings", json={"model": "themes", "input": "x"})
        assert answer.json()["error"]["type"] == "authentication_error"


class TestPagesOfOtherSites:
    """What a web page in the browser of a user of this machine could send without asking first."""

    def test_no_operation_but_a_get_is_open_to_them(self, client: TestClient) -> None:
        settings = client.app.state.service.settings  # type: ignore[attr-defined]
        sent = [one for one in all_operations(settings) if one.method != "GET"]
        changing = {"judge", "judgeMany", "takeBack", "annifLearn", "labelStudioWebhook", "saveQuery", "removeQuery"}
        changing |= {"createJob", "cancelJob", "deleteJob", "promoteModel", "rollbackModel", "tag"}
        assert changing <= {one.name for one in sent}
        for one in sent:
            answer = client.request(one.method, one.path.replace(":path}", "}"), content=b"{}", headers=FOREIGN)
            assert answer.status_code == 403, one.name
            assert "cors_origins" in answer.text, one.name
        assert client.get("/v1/themes", headers=FOREIGN).status_code == 200

    @pytest.mark.parametrize(
        ("headers", "public_url", "origins"),
        [
            ({}, "", ()),
            ({"sec-fetch-site": "same-origin", "origin": "http://127.0.0.1:8000"}, "", ()),
            ({"sec-fetch-site": "none"}, "", ()),
            ({"origin": "http://127.0.0.1:8000", "host": "127.0.0.1:8000"}, "", ()),
            ({"origin": "http://Tags.example", "host": "tags.example"}, "", ()),
            ({"origin": "https://tags.example", "host": "10.0.0.7:8000"}, "https://tags.example/papers", ()),
            ({"sec-fetch-site": "cross-site", "origin": "https://page.example"}, "", PAGE),
            ({"sec-fetch-site": "same-site", "origin": "https://page.example"}, "", PAGE),
            ({"origin": "https://page.example", "host": "127.0.0.1:8000"}, "", PAGE),
            ({"sec-fetch-site": "cross-site"}, "", ("*",)),
        ],
    )
    def test_programs_own_pages_and_named_origins_may(
        self, headers: dict[str, str], public_url: str, origins: tuple[str, ...]
    ) -> None:
        refuse_foreign_pages(Headers(headers), origins, public_url)

    @pytest.mark.parametrize(
        ("headers", "public_url", "origins"),
        [
            ({"sec-fetch-site": "cross-site"}, "", PAGE),
            ({"sec-fetch-site": "same-site", "origin": "http://127.0.0.1:3000"}, "", ()),
            ({"sec-fetch-site": "cross-site", "origin": "http://127.0.0.1:8000", "host": "127.0.0.1:8000"}, "", ()),
            ({"sec-fetch-site": "", "origin": "http://127.0.0.1:8000", "host": "127.0.0.1:8000"}, "", ()),
            ({"sec-fetch-site": "cross-site", "origin": "null"}, "", PAGE),
            ({"origin": "null", "host": "127.0.0.1:8000"}, "", ()),
            ({"origin": "null"}, "", ()),
            ({"origin": "https://page.example", "host": "127.0.0.1:8000"}, "https://tags.example", ()),
            ({"origin": "http://127.0.0.1:3000", "host": "127.0.0.1:8000"}, "", PAGE),
        ],
    )
    def test_all_others_are_refused(self, headers: dict[str, str], public_url: str, origins: tuple[str, ...]) -> None:
        with pytest.raises(RefusalError, match="add its origin to cors_origins"):
            refuse_foreign_pages(Headers(headers), origins, public_url)


def test_buckets_fill_and_carry_debt() -> None:
    now = [0.0]
    rates = Rates(10.0, 20, clock=lambda: now[0])
    assert rates.wait_s("a") == 0.0
    rates.pay("a", 50)
    assert rates.wait_s("a") == pytest.approx(3.1)
    assert rates.wait_s("b") == 0.0
    now[0] = 3.2
    assert rates.wait_s("a") == 0.0
    assert Rates(0.0, 1).wait_s("a") == 0.0


def test_a_byte_budget_is_never_overdrawn() -> None:
    budget = ByteBudget(10)
    budget.take(7)
    with pytest.raises(UnavailableError):
        budget.take(4)
    budget.give(7)
    budget.take(10)
