"""Every way in which a server can misbehave, against a real one on loopback."""

from __future__ import annotations

import gzip
import socket
import time
import zlib
from datetime import UTC, datetime

import pytest

from models.errors import FetchError
from service.fetch.client import Fetcher
from service.fetch.gate import HostGate
from service.fetch.policy import FetchPolicy

from .conftest import dripping, endless, in_turn, replying, resetting

FAR_BELOW = 30  # seconds; far above any limit here, and far below the minute that the server would go on for
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n"


def test_a_plain_answer_comes_back_whole(server, make_fetcher):
    server.reply(
        "/feed", b"<rss>x</rss>", ETag='"a1"', Last_Modified="Mon, 02 Mar 2026 00:00:00 GMT", Content_Type="text/xml"
    )
    fetched = make_fetcher().fetch(server.url("/feed"))
    assert fetched.body == b"<rss>x</rss>"
    assert (fetched.status, fetched.etag, fetched.last_modified) == (200, '"a1"', "Mon, 02 Mar 2026 00:00:00 GMT")
    assert (fetched.content_type, fetched.not_modified, fetched.redirected_permanently) == ("text/xml", False, False)
    assert fetched.url == fetched.final_url == server.url("/feed")


def test_the_request_names_paperwire_and_accepts_compression(server, make_fetcher):
    server.reply("/feed?page=2")
    make_fetcher().fetch(server.url("/feed?page=2#fragment"))
    head = server.heads[0]
    assert head.startswith("GET /feed?page=2 HTTP/1.1\r\n")
    assert "User-Agent: Paperwire" in head
    assert "Accept-Encoding: gzip, deflate" in head
    assert f"Host: 127.0.0.1:{server.port}" in head
    assert "If-None-Match" not in head


def test_validators_go_out_and_304_keeps_them(server, make_fetcher):
    server.reply("/feed", b"", "304 Not Modified", Content_Length="", ETag='"a2"')
    fetched = make_fetcher().fetch(server.url("/feed"), etag='W/"a1"', last_modified="Mon, 02 Mar 2026 00:00:00 GMT")
    assert 'If-None-Match: W/"a1"' in server.heads[0]
    assert "If-Modified-Since: Mon, 02 Mar 2026 00:00:00 GMT" in server.heads[0]
    assert (fetched.not_modified, fetched.status, fetched.body) == (True, 304, b"")
    assert (fetched.etag, fetched.last_modified) == ('"a2"', "Mon, 02 Mar 2026 00:00:00 GMT")


def test_304_without_a_question_is_an_error(server, make_fetcher):
    server.reply("/feed", b"", "304 Not Modified", Content_Length="")
    with pytest.raises(FetchError, match="304 Not Modified though nothing conditional was asked"):
        make_fetcher().fetch(server.url("/feed"))


def test_a_validator_with_a_line_break_never_reaches_the_wire(server, make_fetcher):
    with pytest.raises(FetchError, match=r"If-None-Match is .* cannot be sent"):
        make_fetcher().fetch(server.url("/feed"), etag='"a"\r\nX-Smuggled: 1')
    assert server.heads == []


def test_a_validator_that_no_text_encoding_knows_is_refused(make_fetcher):
    with pytest.raises(FetchError, match=r"If-Modified-Since is .* cannot be sent"):
        make_fetcher().fetch("http://127.0.0.1:9/", last_modified="\ud800")


def test_overlong_validators_are_not_kept(server, make_fetcher):
    server.reply("/feed", ETag='"' + "a" * 1000 + '"', Last_Modified="Mon, 02 Mar 2026 00:00:00 GMT")
    fetched = make_fetcher().fetch(server.url("/feed"))
    assert (fetched.etag, fetched.last_modified) == ("", "Mon, 02 Mar 2026 00:00:00 GMT")


@pytest.mark.parametrize(
    ("encoding", "pack"),
    [
        ("gzip", gzip.compress),
        ("x-gzip", gzip.compress),
        ("deflate", zlib.compress),
        ("deflate", lambda data: zlib.compress(data, wbits=-15)),
        ("identity", lambda data: data),
    ],
)
def test_compressed_bodies_are_unpacked(server, make_fetcher, encoding, pack):
    body = b"<rss>" + b"entry " * 50_000 + b"</rss>"
    server.reply("/feed", pack(body), Content_Encoding=encoding)
    assert make_fetcher().fetch(server.url("/feed")).body == body


def test_a_wrong_content_type_is_reported_not_refused(server, make_fetcher):
    server.reply("/feed", b"<rss/>", Content_Type="image/png")
    fetched = make_fetcher().fetch(server.url("/feed"))
    assert (fetched.body, fetched.content_type) == (b"<rss/>", "image/png")


@pytest.mark.parametrize(
    ("status", "words"),
    [
        ("404 Not Found", "404 Not Found: check the address"),
        ("410 Gone", "gone for good"),
        ("418 Tea", "418"),
        ("206 Partial Content", "a part, though the whole was asked for"),
        ("300 Multiple Choices", "300"),
        ("799 Odd", "799"),
    ],
)
def test_lasting_statuses_fail_at_once(server, make_fetcher, time_, status, words):
    server.reply("/feed", b"sorry", status)
    with pytest.raises(FetchError, match=words):
        make_fetcher().fetch(server.url("/feed"))
    assert len(server.heads) == 1
    assert time_.naps == []


def test_503_is_tried_again_with_growing_pauses(server, make_fetcher, time_):
    server.on("/feed", in_turn(replying(b"", "503 Busy"), replying(b"", "503 Busy"), replying(b"<rss/>")))
    assert make_fetcher(backoff_s=4.0).fetch(server.url("/feed")).body == b"<rss/>"
    assert time_.naps == [3.0, 6.0]


def test_the_last_failure_is_the_message(server, make_fetcher):
    server.reply("/feed", b"", "502 Bad Gateway")
    with pytest.raises(
        FetchError, match=r"^http://127\.0\.0\.1:\d+/feed: the server answers 502 Bad Gateway \(tried 3 times\)$"
    ):
        make_fetcher().fetch(server.url("/feed"))
    assert len(server.heads) == 3


@pytest.mark.parametrize("header", ["7", "Mon, 02 Mar 2026 12:00:07 GMT"])
def test_429_waits_as_long_as_asked(server, make_fetcher, time_, header):
    server.on("/feed", in_turn(replying(b"", "429 Too Many Requests", Retry_After=header), replying(b"<rss/>")))
    fetcher = make_fetcher(now=lambda: datetime(2026, 3, 2, 12, tzinfo=UTC), backoff_s=1.0)
    assert fetcher.fetch(server.url("/feed")).body == b"<rss/>"
    assert time_.naps == [7.25]


def test_a_retry_after_beyond_the_cap_ends_the_fetch(server, make_fetcher, time_):
    server.reply("/feed", b"", "429 Too Many Requests", Retry_After="86400")
    with pytest.raises(FetchError, match="asks to wait 86,400 s, more than retry_after_cap_s"):
        make_fetcher().fetch(server.url("/feed"))
    assert (len(server.heads), time_.naps) == (1, [])


def test_a_retry_after_holds_back_everyone_at_that_gate(server, make_fetcher, time_):
    time_.stand_still()
    server.on("/a", in_turn(replying(b"", "503 Busy", Retry_After="5"), replying(b"a")))
    gate = HostGate((), clock=time_.clock, sleep=time_.sleep)

    def interrupted(seconds):
        raise InterruptedError

    waiting = Fetcher(FetchPolicy(allow_private=True), gate=gate, sleep=interrupted)
    with pytest.raises(InterruptedError):
        waiting.fetch(server.url("/a"))
    assert make_fetcher(gate=gate).fetch(server.url("/a")).body == b"a"
    assert sum(time_.naps) == pytest.approx(5.5, abs=0.6)


def test_slow_headers_run_into_the_read_limit(server, make_fetcher):
    server.on("/feed", lambda connection: server.closing.wait(60))
    began = time.monotonic()
    with pytest.raises(FetchError, match="time limit passed while waiting for the answer"):
        make_fetcher(timeout_s=0.15, retries=1).fetch(server.url("/feed"))
    assert time.monotonic() - began < FAR_BELOW
    until = time.monotonic() + FAR_BELOW
    while len(server.heads) < 2 and time.monotonic() < until:  # the client may be done before the server looks
        time.sleep(0.01)
    assert len(server.heads) == 2


@pytest.mark.parametrize(
    ("start", "drop"),
    [
        (b"HTTP/1.1 200 OK\r\n", b"X: y\r\n"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n", b"z"),
        (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    ],
    ids=["headers", "body", "interim answers"],
)
def test_drips_run_into_the_total_limit(server, make_fetcher, start, drop):
    server.on("/feed", dripping(start, drop, server))
    began = time.monotonic()
    with pytest.raises(FetchError, match="time limit passed"):
        make_fetcher(total_timeout_s=0.4, retries=0).fetch(server.url("/feed"))
    assert time.monotonic() - began < FAR_BELOW


def test_a_single_wait_ends_at_the_total_limit_too(server, make_fetcher):
    server.on("/feed", lambda connection: server.closing.wait(60))
    began = time.monotonic()
    with pytest.raises(FetchError, match="time limit passed"):
        make_fetcher(timeout_s=30.0, total_timeout_s=0.2, retries=0).fetch(server.url("/feed"))
    assert time.monotonic() - began < FAR_BELOW


def test_the_total_limit_spans_redirects(server, make_fetcher):
    def late(path):
        redirect = replying(b"", "302 Found", Location=path)
        return lambda connection: (server.closing.wait(0.3), redirect(connection))

    server.on("/a", late("/b"))
    server.on("/b", late("/c"))
    server.reply("/c")
    with pytest.raises(FetchError, match="time limit passed"):
        make_fetcher(total_timeout_s=0.5, retries=0).fetch(server.url("/a"))


def test_a_truncated_body_is_tried_again(server, make_fetcher):
    short = replying(b"<rss>", Content_Length="500")
    server.on("/feed", in_turn(short, replying(b"<rss>whole</rss>")))
    assert make_fetcher().fetch(server.url("/feed")).body == b"<rss>whole</rss>"
    server.on("/feed", short)
    with pytest.raises(FetchError, match=r"does not keep to HTTP: .*received 5 bytes, expected 500"):
        make_fetcher().fetch(server.url("/feed"))


@pytest.mark.parametrize("damage", [lambda data: data[:-20], lambda data: data[:30] + b"\x00" * 40 + data[70:]])
def test_a_damaged_gzip_body_is_tried_again(server, make_fetcher, damage):
    packed = gzip.compress(bytes(range(256)) * 20, mtime=0)
    server.on("/feed", in_turn(replying(damage(packed), Content_Encoding="gzip"), replying(b"good")))
    assert make_fetcher().fetch(server.url("/feed")).body == b"good"
    server.reply("/feed", damage(packed), Content_Encoding="gzip")
    with pytest.raises(FetchError, match="compressed body"):
        make_fetcher().fetch(server.url("/feed"))


@pytest.mark.parametrize(
    "behaviour",
    [
        lambda connection: connection.sendall(b"SSH-2.0-OpenSSH_9.6\r\n\x00\x01\x02\r\n\r\n"),
        lambda connection: None,
        resetting(b""),
        resetting(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n<rss"),
        lambda connection: connection.sendall(b"HTTP/1.1 200 OK\r\nX: " + b"a" * 200_000),
        lambda connection: connection.sendall(b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 40_000 + b"\r\n"),
        lambda connection: connection.sendall(CHUNKED + b"\r\nzz\r\nhello\r\n"),
        lambda connection: connection.sendall(
            b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello"
        ),
    ],
    ids=["garbage", "silence", "reset", "reset in body", "huge header", "header flood", "bad chunk", "two lengths"],
)
def test_broken_conversations_are_tried_again_and_then_told(server, make_fetcher, behaviour):
    server.on("/feed", in_turn(behaviour, replying(b"<rss/>")))
    assert make_fetcher().fetch(server.url("/feed")).body == b"<rss/>"
    server.on("/feed", behaviour)
    with pytest.raises(FetchError, match=r"/feed: .+ \(tried 3 times\)"):
        make_fetcher().fetch(server.url("/feed"))


def test_a_closed_port_is_tried_again(make_fetcher, time_):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        with pytest.raises(FetchError, match=r"refused.*tried 3 times"):
            make_fetcher().fetch(f"http://127.0.0.1:{port}/")
    assert len(time_.naps) == 2


def test_an_announced_10_gb_body_is_refused_before_its_first_byte(server, make_fetcher):
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 10737418240\r\n\r\n"
    server.on("/feed", endless(head, b"x" * 65536, server))
    with pytest.raises(
        FetchError, match=r"announced with 10,737,418,240 bytes, 67,108,864 are allowed; raise max_bytes"
    ):
        make_fetcher().fetch(server.url("/feed"))
    assert len(server.heads) == 1


def test_an_endless_body_is_cut_without_reading_on(server, make_fetcher):
    piece = b"10000\r\n" + b"x" * 0x10000 + b"\r\n"
    server.on("/feed", endless(CHUNKED + b"\r\n", piece, server))
    with pytest.raises(FetchError, match=r"larger than 1,000,000 bytes \(as sent\); raise max_bytes"):
        make_fetcher(max_bytes=1_000_000).fetch(server.url("/feed"))
    server.closing.wait(0.2)
    # What was sent beyond the limit sat in socket buffers; reading on would take all 256 MB.
    assert server.sent < 32_000_000
    assert len(server.heads) == 1


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
def test_a_bomb_is_cut_at_the_limit(server, make_fetcher, encoding):
    squeezer = zlib.compressobj(9, wbits=31 if encoding == "gzip" else 15)
    bomb = b"".join(squeezer.compress(b"\0" * 1_000_000) for _ in range(100)) + squeezer.flush()
    assert len(bomb) < 200_000
    server.reply("/feed", bomb, Content_Encoding=encoding)
    with pytest.raises(FetchError, match=r"larger than 1,000,000 bytes \(decompressed\)"):
        make_fetcher(max_bytes=1_000_000).fetch(server.url("/feed"))
    assert len(server.heads) == 1


@pytest.mark.parametrize("encoding", ["br", "gzip, gzip", "zstd"])
def test_unasked_encodings_are_refused(server, make_fetcher, encoding):
    server.reply("/feed", b"....", Content_Encoding=encoding)
    with pytest.raises(FetchError, match="only gzip or deflate were asked for"):
        make_fetcher().fetch(server.url("/feed"))


def test_a_body_of_exactly_the_limit_is_accepted(server, make_fetcher):
    server.reply("/feed", b"x" * 1000)
    assert len(make_fetcher(max_bytes=1000).fetch(server.url("/feed")).body) == 1000


def test_the_body_of_an_error_page_is_not_read(server, make_fetcher):
    server.on("/feed", endless(b"HTTP/1.1 404 Not Found\r\nContent-Length: 9999999999\r\n\r\n", b"x" * 65536, server))
    with pytest.raises(FetchError, match="404"):
        make_fetcher().fetch(server.url("/feed"))
    server.closing.wait(0.2)
    assert server.sent < 32_000_000


@pytest.mark.parametrize(
    ("status", "permanent"), [("301 Moved", True), ("308 Moved", True), ("302 Found", False), ("307 T", False)]
)
def test_redirects_are_followed_and_permanence_reported(server, make_fetcher, status, permanent):
    server.reply("/old", b"", status, Location="../new?a=b c".replace(" ", "%20"))
    server.reply("/new?a=b%20c", b"new")
    fetched = make_fetcher().fetch(server.url("/old"))
    assert (fetched.body, fetched.url, fetched.final_url) == (b"new", server.url("/old"), server.url("/new?a=b%20c"))
    assert fetched.redirected_permanently is permanent


def test_one_temporary_redirect_makes_the_way_temporary(server, make_fetcher):
    server.reply("/a", b"", "301 Moved", Location="/b")
    server.reply("/b", b"", "302 Found", Location="/c")
    server.reply("/c", b"c")
    assert make_fetcher().fetch(server.url("/a")).redirected_permanently is False


@pytest.mark.parametrize("encoding", ["utf-8", "latin-1"])
def test_redirects_in_raw_letters_are_followed(server, make_fetcher, encoding):
    head = "HTTP/1.1 301 M\r\nLocation: /flüsse\r\nContent-Length: 0\r\n\r\n"
    server.on("/a", lambda connection: connection.sendall(head.encode(encoding)))
    server.reply("/fl%C3%BCsse", b"found")
    assert make_fetcher().fetch(server.url("/a")).body == b"found"


def test_messages_stay_short_whatever_the_server_sends(server, make_fetcher):
    long = "/" + "a" * 50_000
    server.reply("/a", b"", "302 Found", Location=long)
    server.reply(long, b"", "302 Found")
    with pytest.raises(FetchError, match="without saying where") as caught:
        make_fetcher().fetch(server.url("/a"))
    assert len(str(caught.value)) < 500


@pytest.mark.parametrize("location", ["/loop", "#again", "?"])
def test_redirect_loops_end_at_once(server, make_fetcher, location):
    server.reply("/loop", b"", "302 Found", Location=location)
    with pytest.raises(FetchError, match="redirect loop"):
        make_fetcher().fetch(server.url("/loop"))
    assert len(server.heads) == 1


def test_long_redirect_chains_end(server, make_fetcher):
    for step in range(10):
        server.reply(f"/{step}", b"", "302 Found", Location=f"/{step + 1}")
    with pytest.raises(FetchError, match="more than 3 redirects"):
        make_fetcher(redirects=3).fetch(server.url("/0"))
    assert len(server.heads) == 4


def test_a_redirect_without_a_place_is_an_error(server, make_fetcher):
    server.reply("/a", b"", "302 Found")
    with pytest.raises(FetchError, match="without saying where"):
        make_fetcher().fetch(server.url("/a"))


@pytest.mark.parametrize(
    ("location", "words"),
    [
        ("http://10.0.0.1/feed", "10.0.0.1 is a private"),
        ("http://192.168.1.1/", "192.168.1.1 is a private"),
        ("http://169.254.169.254/latest/meta-data/", "link-local"),
        ("http://[fd00::1]/", "fd00::1 is a private"),
        ("http://[fe80::1]/", "link-local"),
        ("http://[::ffff:10.0.0.1]/", "is a private"),
        ("http://[64:ff9b::a00:1]/", "is a private"),
        ("http://[::]/", "unspecified"),
        ("http://0.0.0.0/", "unspecified"),
        ("http://224.0.0.1/", "multicast"),
        ("http://255.255.255.255/", "reserved"),
        ("http://167772161/", "full dotted decimal"),
        ("http://012.0.0.1/", "full dotted decimal"),
        ("http://0x0a.1/", "full dotted decimal"),
        ("http://10.1/", "full dotted decimal"),
        ("http://１０.０.０.１/", "10.0.0.1 is a private"),
        ("file:///etc/passwd", "scheme 'file' is refused"),
        ("gopher://127.0.0.1/", "scheme 'gopher' is refused"),
        ("http://user:secret@127.0.0.1/", "credentials"),
        ("http://127.0.0.1:99999/", "not a URL"),
        ("http://a..b/", "not a host name"),
    ],
)
def test_redirects_to_forbidden_places_are_refused_unasked(server, make_fetcher, location, words):
    server.on("/a", replying(b"", "302 Found", Location=location))
    with pytest.raises(FetchError, match=words) as caught:
        make_fetcher().fetch(server.url("/a"))
    assert "secret" not in str(caught.value)
    assert len(server.heads) == 1


def test_loopback_is_refused_by_default(server):
    server.reply("/feed")
    for host in ("127.0.0.1", "localhost", "[::ffff:127.0.0.1]"):
        with pytest.raises(FetchError, match=r"is a loopback address.*setting fetch_networks"):
            Fetcher(FetchPolicy(retries=3)).fetch(server.url("/feed", host))
    assert server.heads == []


def test_allow_private_opens_loopback_but_not_link_local(server, make_fetcher):
    server.reply("/feed", b"in")
    server.reply("/meta", b"", "302 Found", Location="http://169.254.169.254/")
    fetcher = make_fetcher(allow_networks=(), allow_private=True)
    assert fetcher.fetch(server.url("/feed")).body == b"in"
    with pytest.raises(FetchError, match="link-local"):
        fetcher.fetch(server.url("/meta"))


def test_ipv6_literals_work(server6, make_fetcher):
    server6.reply("/feed", b"six")
    url = server6.url("/feed", "[0:0:0:0:0:0:0:1]")
    fetched = make_fetcher().fetch(url)
    assert (fetched.body, fetched.final_url) == (b"six", server6.url("/feed", "[::1]"))
    assert f"Host: [::1]:{server6.port}" in server6.heads[0]


@pytest.mark.parametrize("spelling", ["2130706433", "0177.0.0.1", "0x7f000001", "127.1", "0x7f.0x0.0x0.0x1"])
def test_odd_spellings_of_an_allowed_address_are_refused_too(server, make_fetcher, spelling):
    with pytest.raises(FetchError, match="full dotted decimal"):
        make_fetcher().fetch(server.url("/feed", spelling))
    assert server.heads == []


def test_arxiv_requests_are_three_seconds_apart(server, make_fetcher, time_):
    time_.stand_still()
    server.reply("/a", b"", "302 Found", Location=server.url("/b", "export.arxiv.org"))
    server.reply("/b", b"b")
    fetcher = make_fetcher(resolver=lambda host, port: ["127.0.0.1"])
    assert fetcher.fetch(server.url("/a", "arxiv.org")).body == b"b"
    fetcher.fetch(server.url("/b", "rss.arxiv.org"))
    fetcher.fetch(server.url("/b", "arxiv.org.example"))
    assert time_.naps == pytest.approx([3.0, 3.0])


def test_a_body_can_go_to_a_file_and_does_so_anew_with_every_try(server, make_fetcher, tmp_path):
    target = tmp_path / "dump"
    whole = b"<rss>" + b"x" * 200_000
    broken = replying(whole, Content_Length=str(len(whole) + 9))
    server.on("/dump", in_turn(broken, replying(whole)))

    def into_file(pieces):
        with target.open("wb") as stream:
            stream.writelines(pieces)
        return b""

    assert make_fetcher().fetch(server.url("/dump"), collect=into_file).body == b""
    assert target.read_bytes() == whole
    assert len(server.heads) == 2
