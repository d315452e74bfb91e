"""Connections: the checked address is the one dialled, and TLS still knows the name."""

from __future__ import annotations

import contextlib
import socket
import ssl

import httpcore2
import pytest
import trustme

from models.errors import FetchError
from service.fetch.connect import DeadlineStream, GuardedBackend, resolve
from service.fetch.policy import FetchPolicy

from .conftest import MisbehavingServer, replying


class RecordingDialler(httpcore2.SyncBackend):
    """Dials for real, and says what it dialled."""

    def __init__(self):
        self.dialled = []

    def connect_tcp(self, host, port, timeout=None, local_address=None, socket_options=None):
        self.dialled.append(host)
        return super().connect_tcp(host, port, timeout, local_address, socket_options)


def guarded(addresses, *, policy=None, dialler=None, deadline=10.0):
    return GuardedBackend(
        policy or FetchPolicy(allow_networks=("127.0.0.0/8",)),
        deadline,
        clock=lambda: 0.0,
        resolver=lambda host, port: addresses,
        dialler=dialler or RecordingDialler(),
    )


def test_a_name_that_changes_its_mind_gains_nothing(server, make_fetcher):
    answers = [["127.0.0.1"], ["10.0.0.1"]]
    looked_up = []

    def rebinding(host, port):
        looked_up.append(host)
        return answers.pop(0)

    dialler = RecordingDialler()
    server.reply("/feed", b"first")
    fetcher = make_fetcher(resolver=rebinding, dialler=dialler)
    url = server.url("/feed", "feeds.example")
    assert fetcher.fetch(url).body == b"first"
    assert (looked_up, dialler.dialled) == (["feeds.example"], ["127.0.0.1"])
    assert f"Host: feeds.example:{server.port}" in server.heads[0]
    with pytest.raises(FetchError, match=r"10\.0\.0\.1 is a private .* \(feeds\.example resolves to it\)"):
        fetcher.fetch(url)
    assert dialler.dialled == ["127.0.0.1"]


def test_every_redirect_hop_is_checked_again(server, make_fetcher):
    places = {"open.example": ["127.0.0.1"], "inner.example": ["192.168.7.7"]}
    server.reply("/a", b"", "302 Found", Location="http://inner.example/")
    with pytest.raises(FetchError, match=r"192\.168\.7\.7 is a private .*inner\.example"):
        make_fetcher(resolver=lambda host, port: places[host]).fetch(server.url("/a", "open.example"))


def test_refused_addresses_are_passed_over(server):
    dialler = RecordingDialler()
    stream = guarded(["10.0.0.1", "fe80::1", "127.0.0.1"], dialler=dialler).connect_tcp("mixed.example", server.port)
    stream.close()
    assert dialler.dialled == ["127.0.0.1"]


def test_the_next_address_is_tried_when_one_is_dead(server):
    dialler = RecordingDialler()
    stream = guarded(["127.9.9.9", "127.0.0.1"], dialler=dialler).connect_tcp("two.example", server.port)
    stream.close()
    assert dialler.dialled == ["127.9.9.9", "127.0.0.1"]


def test_a_name_that_does_not_resolve_says_so(make_fetcher):
    def nowhere(host, port):
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    with pytest.raises(
        FetchError, match=r"'no\.example' does not resolve \(Name or service not known\) \(tried 3 times\)"
    ):
        make_fetcher(resolver=nowhere).fetch("http://no.example/feed")


def test_a_name_the_resolver_cannot_spell_fails_at_once(make_fetcher, time_):
    def confused(host, port):
        raise UnicodeError("label too long")

    with pytest.raises(FetchError, match=r"'odd\.example' cannot be resolved \(label too long\)$"):
        make_fetcher(resolver=confused).fetch("http://odd.example/feed")
    assert time_.naps == []


def test_a_name_without_addresses_is_a_connect_error():
    with pytest.raises(httpcore2.ConnectError, match="has no address"):
        guarded([]).connect_tcp("empty.example", 80)


def test_no_connection_after_the_deadline(server):
    with pytest.raises(httpcore2.ConnectTimeout):
        guarded(["127.0.0.1"], deadline=0.0).connect_tcp("late.example", server.port)


def test_a_stream_reads_and_writes_until_its_deadline_only():
    now = [0.0]
    stream = DeadlineStream(httpcore2.MockStream([b"one", b"two"]), 5.0, lambda: now[0])
    assert stream.read(10, 1.0) == b"one"
    stream.write(b"x")
    assert stream.get_extra_info("nothing") is None
    now[0] = 5.0
    with pytest.raises(httpcore2.ReadTimeout):
        stream.read(10, 1.0)
    with pytest.raises(httpcore2.WriteTimeout):
        stream.write(b"x", 1.0)


def test_the_system_resolver_gives_plain_addresses():
    assert "127.0.0.1" in resolve("127.0.0.1", 80)
    assert set(resolve("localhost", 80)) <= {"127.0.0.1", "::1"}


@pytest.fixture(scope="module")
def authority():
    return trustme.CA()


@pytest.fixture
def secure(authority, serving):
    """An https server with a certificate for feeds.example that records the SNI names it hears."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("feeds.example").configure_cert(context)
    server = MisbehavingServer(tls=context)
    server.names = []
    context.sni_callback = lambda connection, name, _: server.names.append(name)
    with contextlib.closing(serving(server)) as running:
        yield next(running)


@pytest.fixture
def trusting(authority, make_fetcher):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    authority.configure_trust(context)
    return lambda **changes: make_fetcher(tls=context, resolver=lambda host, port: ["127.0.0.1"], **changes)


def test_tls_names_and_verifies_the_host_not_the_address(secure, trusting):
    secure.reply("/feed", b"safe")
    assert trusting().fetch(secure.url("/feed", "feeds.example")).body == b"safe"
    assert secure.names == ["feeds.example"]


def test_a_certificate_for_another_name_fails_at_once(secure, trusting, time_):
    with pytest.raises(FetchError, match=r"certificate of other\.example does not hold"):
        trusting().fetch(secure.url("/feed", "other.example"))
    assert time_.naps == []


def test_an_unknown_authority_is_refused_by_default(secure, make_fetcher):
    fetcher = make_fetcher(resolver=lambda host, port: ["127.0.0.1"])
    with pytest.raises(FetchError, match=r"certificate of feeds\.example does not hold: .*issuer"):
        fetcher.fetch(secure.url("/feed", "feeds.example"))


def test_https_is_not_left_for_http_unless_allowed(secure, server, trusting):
    secure.on("/feed", replying(b"", "301 Moved", Location=server.url("/feed")))
    server.reply("/feed", b"plain")
    with pytest.raises(FetchError, match=r"redirected from https to http://.*allow_downgrade"):
        trusting().fetch(secure.url("/feed", "feeds.example"))
    assert server.heads == []
    assert trusting(allow_downgrade=True).fetch(secure.url("/feed", "feeds.example")).body == b"plain"
