"""URLs and IP addresses: what is let through, and that nothing else is."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from models.errors import FetchError
from service.fetch.addresses import Target, redacted, redirect_target, refusal, target
from service.fetch.policy import FetchPolicy

OPEN, PRIVATE = FetchPolicy(), FetchPolicy(allow_private=True)


@pytest.mark.parametrize(
    ("url", "normal"),
    [
        ("http://Example.ORG", "http://example.org/"),
        ("https://example.org:443/a?b=c#d", "https://example.org/a?b=c"),
        ("http://example.org:8080?x", "http://example.org:8080/?x"),
        ("https://bücher.example/ö ä".replace(" ", ""), "https://xn--bcher-kva.example/%C3%B6%C3%A4"),
        ("http://[2606:4700:0::1]:80/", "http://[2606:4700::1]/"),
        ("http://１.1.1.1/", "http://1.1.1.1/"),
        ("  http://example.org/a%20b\n", "http://example.org/a%20b"),
    ],
)
def test_urls_take_a_normal_form(url, normal):
    assert target(url).url == normal
    assert target(normal) == target(url)


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("ftp://example.org/", "scheme 'ftp'"),
        ("example.org/feed", "scheme ''"),
        ("//example.org/feed", "scheme ''"),
        ("http:///feed", "not a host name"),
        ("http://a b/", "percent-encoded"),
        ("http://example.org/a b", "percent-encoded"),
        ("http://example.org\\@10.0.0.1/", "credentials|percent-encoded"),
        ("http://example.org/\x00", "percent-encoded"),
        ("http://me:pw@example.org/", "credentials"),
        ("http://@example.org/", "credentials"),
        ("http://example.org:0/", "port 0"),
        ("http://example.org:65536/", "not a URL"),
        ("http://example.org:x/", "not a URL"),
        ("http://[::1/", "not a URL"),
        ("http://[fe80::1%25eth0]/", "zone"),
        ("http://[v1.x]/", "not a"),
        ("http://exa_mple..org/", "not a host name"),
        (f"http://{'a' * 64}.org/", "not a host name"),
        (f"http://{'a.' * 128}org/", "longer than 254"),
        (f"http://{'ü' * 5000}.org/", "longer than 254"),
        ("http://%31%32%37.0.0.1/", "not a host name"),
        ("http://a\u3002.b/", "not a host name"),
        ("http://127.1/", "dotted decimal"),
        ("http://127.0.0.1./", "dotted decimal"),
        ("http://0x7f000001/", "dotted decimal"),
        ("http://017700000001/", "dotted decimal"),
        ("http://1.2.3.4.5/", "dotted decimal"),
        ("http://300.1.1.1/", "dotted decimal"),
    ],
)
def test_odd_urls_are_refused(url, words):
    with pytest.raises(FetchError, match=words):
        target(url)


@given(st.text(max_size=60) | st.text(alphabet="htps:/@[]%.0127x\\#?\n ", max_size=40).map("http://".__add__))
@example("http://[::ffff:127.0.0.1]\t/")
@settings(max_examples=100, deadline=None)
def test_any_text_is_a_clean_target_or_a_fetch_error(text):
    try:
        found = target(text)
    except FetchError as error:
        assert str(error).isprintable()
        return
    assert found.url.isascii() and found.url.isprintable() and " " not in found.url
    assert target(found.url) == found


def test_relative_redirects_resolve():
    here = target("https://example.org/a/b?c")
    assert redirect_target(here, "../d").url == "https://example.org/d"
    assert redirect_target(here, "//other.example/x").url == "https://other.example/x"
    assert redirect_target(here, "?e").url == "https://example.org/a/b?e"


def test_messages_hide_credentials_and_control_characters():
    assert redacted("http://me:pw@example.org/\x1b[31m") == "http://***@example.org/\\x1b[31m"
    assert len(redacted("http://example.org/" + "a" * 1000)) == 300


def test_authority_leaves_out_the_usual_port():
    assert Target("https", "::1", 443, "/").authority == "[::1]"
    assert Target("http", "example.org", 443, "/").authority == "example.org:443"


@pytest.mark.parametrize("address", ["1.1.1.1", "193.0.6.139", "2606:4700::1111", "::ffff:1.1.1.1", "64:ff9b::101:101"])
def test_public_addresses_pass(address):
    assert refusal(address, OPEN) == ""


@pytest.mark.parametrize(
    ("address", "kind"),
    [
        ("127.0.0.1", "loopback"), ("127.255.1.2", "loopback"), ("::1", "loopback"), ("::ffff:127.0.0.1", "loopback"),
        ("10.1.2.3", "private"), ("172.16.0.1", "private"), ("192.168.0.1", "private"), ("100.64.0.1", "private"),
        ("198.18.0.1", "private"), ("192.0.0.8", "private"), ("192.88.99.1", "private"), ("192.0.2.1", "private"),
        ("fd12::1", "private"), ("fec0::1", "private"), ("2001:db8::1", "private"), ("64:ff9b:1::1", "reserved"),
        ("2002:7f00:1::", "loopback"), ("2001:0:a00:1::", "private"), ("64:ff9b::a00:1", "private"),
        ("::ffff:0:10.0.0.1", "private|reserved"), ("::10.0.0.1", "reserved"), ("fe80::1%eth0", "link-local"),
        ("169.254.169.254", "link-local"), ("fe80::1", "link-local"), ("224.0.0.1", "multicast"),
        ("ff02::1", "multicast"),
        ("240.0.0.1", "reserved"), ("255.255.255.255", "reserved"), ("0.0.0.0", "unspecified"), ("::", "unspecified"),
    ],
)  # fmt: skip
def test_special_addresses_are_refused(address, kind):
    reason = refusal(address, OPEN)
    assert any(word in reason for word in kind.split("|"))


@pytest.mark.parametrize("address", ["127.0.0.1", "::1", "10.0.0.1", "fd00::1", "::ffff:192.168.0.1"])
def test_allow_private_opens_private_addresses(address):
    assert refusal(address, PRIVATE) == ""


@pytest.mark.parametrize("address", ["169.254.169.254", "fe80::1", "224.0.0.1", "0.0.0.0", "240.0.0.1"])
def test_allow_private_opens_nothing_else(address):
    assert refusal(address, PRIVATE) != ""


def test_a_network_opens_itself_only():
    policy = FetchPolicy(allow_networks=("10.1.0.0/16", "fd00:12::/32", "169.254.169.254/32"))
    for address in ("10.1.2.3", "::ffff:10.1.2.3", "fd00:12::5", "169.254.169.254"):
        assert refusal(address, policy) == ""
    for address in ("10.2.0.1", "127.0.0.1", "fd00:13::5", "169.254.169.253"):
        assert refusal(address, policy) != ""


@given(st.ip_addresses(v=4))
@settings(max_examples=100, deadline=None)
def test_an_ipv4_address_fares_the_same_however_it_is_wrapped(address):
    plain = refusal(str(address), OPEN)
    assert refusal(f"::ffff:{address}", OPEN) == plain
    assert refusal(str(ipaddress.IPv6Address((0x64FF9B << 96) | int(address))), OPEN) == plain


@given(st.ip_addresses())
@settings(max_examples=100, deadline=None)
def test_nothing_that_python_calls_non_global_passes(address):
    if not address.is_global:
        assert refusal(str(address), OPEN) != ""
