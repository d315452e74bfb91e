"""Reading elements by local names, and markup as HTML."""

import xml.etree.ElementTree as ET

import pytest

from service.feeds.xml_tree import descend, fields, first, line, local, markup, text, texts

TREE = ET.fromstring('<r xmlns:x="u"><x:a>1</x:a><a> 2 \n 3 </a><b><c>deep</c></b><a/></r>')


def test_names_without_namespaces():
    found = fields(TREE)
    assert [local(element) for element in TREE] == ["a", "a", "b", "a"]
    assert (line(first(found, "nope", "a")), list(texts(found, "a"))) == ("1", ["1", "2 3"])
    assert (line(descend(TREE, "b", "c")), descend(TREE, "b", "nope")) == ("deep", None)


def test_nothing_reads_as_nothing():
    assert (fields(None), text(None), line(None), markup(None), first({}, "a"), descend(None, "a")) == (
        {},
        "",
        "",
        "",
        None,
        None,
    )


def test_comments_are_no_children():
    assert fields(ET.fromstring("<r><a/></r>")).keys() == {"a"}
    assert local(ET.Comment("x")) == ""


@pytest.mark.parametrize(
    ("xml", "html"),
    [
        ("<t>plain &lt; text</t>", "plain < text"),
        ("<t>a <italic>b</italic>\n <bold>c</bold></t>", "a <i>b</i> <b>c</b>"),
        ("<t xmlns:j='u'><j:p>x</j:p></t>", "<p>x</p>"),
        ("<t>E<sup>2</sup><xref>[1]</xref><fn>note</fn>.</t>", "E<sup>2</sup>."),
        ("<t><title>Abstract:</title><p>x</p></t>", "<p>x</p>"),
        ("<t><math><mi>x</mi><mo>=</mo></math></t>", "x="),
        ("<t><alternatives><math><mi>x</mi></math><tex-math>$x$</tex-math></alternatives></t>", "$x$"),
        ("<t><alternatives><graphic/></alternatives>y</t>", "y"),
        ("<t><!-- gone -->x</t>", "x"),
    ],
)
def test_markup(xml, html):
    assert markup(ET.fromstring(xml)) == html
