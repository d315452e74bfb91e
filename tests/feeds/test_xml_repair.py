"""Broken XML: one sensible reading, or none."""

import time
import xml.etree.ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.feeds.xml_repair import depth, prefixes, repaired, tokens

markup = st.lists(
    st.sampled_from(
        [
            "<a>",
            "</a>",
            "<b x='1'>",
            "</b>",
            "<br>",
            "<c/>",
            "text",
            "&",
            "&lt;",
            "<![CDATA[",
            "]]>",
            "<!--",
            "-->",
            '"',
            "<",
        ]
    )
    | st.text(max_size=5),
    max_size=25,
).map("".join)


@pytest.mark.parametrize(
    ("broken", "mended"),
    [
        ("<t>a &amp; b</t>", "<t>a &amp; b</t>"),
        ("<t>a & b</t>", "<t>a &amp; b</t>"),
        ("<t>a < b, c > d</t>", "<t>a &lt; b, c &gt; d</t>"),
        ("<t>a &nbsp;b&eacute;</t>", "<t>a \u00a0b\u00e9</t>"),
        ("<t>&nope; &#65; &#x0; &#xD800;</t>", "<t>&amp;nope; &#65;  </t>"),
        ("<t>\x0bcontrol\x00</t>", "<t>control</t>"),
        ("<t><b>bold</t>", "<t><b>bold</b></t>"),
        ("<t>bold</b></t>", "<t>bold</t>"),
        ("<t><i><b>x</i></b></t>", "<t><i><b>x</b></i></t>"),
        ("<t>a<br>b<hr/></t>", "<t>a<br/>b<hr/></t>"),
        ("<t>cut short", "<t>cut short</t>"),
        ("<t a=1 a='2' b=\"x&y\" c>z</t>", '<t a="1" b="x&amp;y">z</t>'),
        ("<t><![CDATA[<b>raw & whole</b>]]></t>", "<t>&lt;b&gt;raw &amp; whole&lt;/b&gt;</t>"),
        ("<t><![CDATA[<b>open & </t><u>next</u>", "<t>&lt;b&gt;open &amp; </t><u>next</u>"),
        ("<t><!-- gone --><?gone?><!GONE>x</t>", "<t>x</t>"),
        ("<t a='never closed>x</t>", "<t>x</t>"),
        ("<t>a<1 and <é></t>", "<t>a&lt;1 and &lt;é&gt;</t>"),
        ('<t xmlns:e="">x</t>', "<t>x</t>"),
    ],
)
def test_mending(broken, mended):
    assert repaired(broken) == mended


@given(markup)
def test_what_is_mended_parses(text):
    ET.fromstring(f"<root>{repaired(text)}</root>")


@given(markup)
def test_mending_twice_changes_nothing_more(text):
    once = repaired(text)
    assert repaired(once) == once


@given(markup)
def test_depth_never_exceeds_what_is_asked_for(text):
    assert 0 <= depth(text, 3) <= 3


@pytest.mark.parametrize(
    ("text", "deep"),
    [("", 0), ("<a/>", 0), ("<a><b></b><b></b></a>", 2), ("<a><b><c></a><d>", 3), ("<![CDATA[<a><b>]]>", 0)],
)
def test_depth(text, deep):
    assert depth(text, 99) == deep


def test_tokens_of_a_line():
    assert [tuple(token) for token in tokens('<a b="1">x<c/></a>')] == [
        ("start", ' b="1"', "a"),
        ("text", "x", ""),
        ("empty", "", "c"),
        ("end", "", "a"),
    ]


def test_prefixes_get_their_usual_namespace_or_a_made_up_one():
    assert prefixes('<dc:title x:y="1" xml:lang="en">a:b</dc:title>') == {
        "dc": "http://purl.org/dc/elements/1.1/",
        "x": "urn:undeclared:x",
    }


@pytest.mark.parametrize(
    "piece", ["<![CDATA[", "<!--", "<?", "<!", "<a ", "<a b='", "&", "&#", "</x>", "]]>", '<a b="1"']
)
def test_hostile_text_takes_time_in_proportion(piece):
    started = time.process_time()
    repaired(piece * (200_000 // len(piece)))
    assert time.process_time() - started < 10
