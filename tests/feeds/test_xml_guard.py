"""The gate: encodings, prologs, web pages, entities, nesting."""

import pytest

from models.errors import FeedError
from service.feeds.xml_guard import MAX_DEPTH, MAX_PREFIXES, expect_root, opened, refuse_depth, sniffed

BOMB = b"""<?xml version="1.0"?>
<!DOCTYPE lolz [
 <!ENTITY lol "lol">
 <!ENTITY lol1 "&lol;&lol;&lol;&lol;&lol;&lol;&lol;&lol;&lol;&lol;">
 <!ENTITY lol2 "&lol1;&lol1;&lol1;&lol1;&lol1;&lol1;&lol1;&lol1;&lol1;&lol1;">
]>
<rss><channel><item><title>&lol2;</title></item></channel></rss>"""


def content(data):
    document = opened(data)
    return document.text(document.start, len(document.data))


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"<a>\xc3\xa9</a>", "<a>é</a>"),
        (b'<?xml version="1.0" encoding="UTF-8"?>\n<a>\xc3\xa9</a>', "<a>é</a>"),
        (b"\xef\xbb\xbf<a>\xc3\xa9</a>", "<a>é</a>"),
        (b'<?xml version="1.0" encoding="ISO-8859-1"?><a>\xe9</a>', "<a>é</a>"),
        (b'<?xml version="1.0" encoding="iso-8859-1"?><a>\x93\xe9\x94</a>', "<a>“é”</a>"),
        (b'<?xml version="1.0" encoding="windows-1252"?><a>\xc3\xa9</a>', "<a>é</a>"),  # UTF-8 under a wrong label
        (b'<?xml version="1.0" encoding="KOI8-R"?><a>\xd0\xd2</a>', "<a>пр</a>"),
        (b'<?xml version="1.0" encoding="GB2312"?><a>\xb5\xc6</a>', "<a>灯</a>"),
        (b'<?xml version="1.0" encoding="no-such-thing"?><a>\xc3\xa9</a>', "<a>é</a>"),
        (b'<?xml version="1.0" encoding="unicode_escape"?><a>\\u00e9</a>', "<a>\\u00e9</a>"),
        (b'<?xml version="1.0" encoding="utf-16"?><a>\xc3\xa9</a>', "<a>é</a>"),  # converted, the label left
        ("<a>é灯</a>".encode("utf-16"), "<a>é灯</a>"),
        ("<a>é灯</a>".encode("utf-16-be"), "<a>é灯</a>"),
        ("<a>é灯</a>".encode("utf-16-le"), "<a>é灯</a>"),
        ("<a>é灯</a>".encode("utf-32"), "<a>é灯</a>"),
        (b'<?xml version="1.0" encoding="iso-2022-jp"?><a>' + "灯".encode("iso-2022-jp") + b"</a>", "<a>灯</a>"),
        (b"<a>caf\xe9 \xc3\xa9t\xc3\xa9</a>", "<a>café été</a>"),  # one stray byte does not cost the rest
    ],
)
def test_the_encoding_is_found(data, text):
    assert content(data) == text


@pytest.mark.parametrize(
    "prolog",
    [
        b"",
        b"\n \t\n",
        b"\n<?xml version='1.0'?>",
        b"<?xml version='1.0'?><!-- made by <b>hand</b> --><?xml-stylesheet href='x'?>\n",
        b'<!DOCTYPE rss PUBLIC "-//Netscape//DTD RSS 0.91//EN" "http://netscape.example/rss-0.91.dtd">',
        b"<!DOCTYPE rss SYSTEM 'a>b.dtd' []>",
        b'<!DOCTYPE rss [<!ELEMENT rss ANY> <!ATTLIST rss version CDATA "]>">]>',
    ],
)
def test_harmless_prologs_pass(prolog):
    document = opened(prolog + b"<rss version='2.0'/>")
    assert (document.root, document.root_tag) == ("rss", "<rss version='2.0'/>")


def test_the_root_loses_its_prefix():
    assert opened(b'<rdf:RDF xmlns:rdf="x">').root == "RDF"


@pytest.mark.parametrize("data", [BOMB, BOMB.replace(b"<!ENTITY", b"<!entity"), BOMB.decode().encode("utf-16")])
def test_entities_are_refused(data):
    with pytest.raises(FeedError, match="declares XML entities"):
        opened(data)


@pytest.mark.parametrize("data", [b"<!doctype html><rss/>", b"<html><body/>", b"<HTML>", b"<head><title>x</title>"])
def test_web_pages_are_called_so(data):
    with pytest.raises(FeedError, match="HTML page, not a feed"):
        opened(data)


@pytest.mark.parametrize("data", [b"plain words", b"{}", b"<", b"<!DOCTYPE x [", b"<!-- no end", b"<1a/>"])
def test_no_xml_is_told_by_its_beginning(data):
    assert sniffed(data) is None
    with pytest.raises(FeedError, match="no XML document, it begins with"):
        opened(data)


@pytest.mark.parametrize("data", [b"", b" \r\n\t", b"\x00\x00"])
def test_nothing_is_called_empty(data):
    with pytest.raises(FeedError, match="empty"):
        opened(data)


def test_sniffing_looks_past_what_opening_refuses():
    assert sniffed(BOMB).root == "rss"


def test_another_root_is_named_with_those_expected():
    with pytest.raises(FeedError, match="not a feed: it begins with <opml>, not <rss> or <feed>"):
        expect_root(opened(b"<opml/>"), "a feed", "rss", "feed")


def test_nesting_ends_at_the_limit():
    refuse_depth("<a>" * MAX_DEPTH + "</a>" * MAX_DEPTH)
    refuse_depth("<a></a>" * 5 * MAX_DEPTH)
    with pytest.raises(FeedError, match="nest more than 200 deep"):
        refuse_depth("<a>" * (MAX_DEPTH + 1))


def test_unclosed_html_does_not_nest():
    refuse_depth("<p><br>line<img src='x'></p>" * 500 + "<p>" + "<br>" * 500)


def test_namespaces_of_the_frame():
    document = opened(
        b"""<a xmlns:x="urn:1" xmlns:y='urn:2' xmlns:xml="no"><b xmlns:x="urn:3"/><c xmlns:z="late"/></a>"""
    )
    assert document.namespaces(document.data.index(b"<c")) == {"x": "urn:1", "y": "urn:2"}


def test_namespaces_are_limited():
    many = b"".join(b' xmlns:p%d="u"' % number for number in range(5 * MAX_PREFIXES))
    document = opened(b"<a" + many + b">")
    assert len(document.namespaces(len(document.data))) == MAX_PREFIXES


@pytest.mark.parametrize(
    ("data", "cut"), [(b"<a/>", False), (b"<a></a>", False), (b"<x:a></x:a>\n<!-- -->", False), (b"<a><b></b>", True)]
)
def test_a_missing_end_is_seen(data, cut):
    assert opened(data).is_cut_short is cut
