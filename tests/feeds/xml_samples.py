# ruff: noqa: E501  feeds wrap their lines where they like
"""Small XML feeds of every dialect, all written for these tests."""

from __future__ import annotations

ARXIV_ATOM = b"""<?xml version="1.0" encoding="UTF-8"?>
<feed xmlns="http://www.w3.org/2005/Atom" xmlns:arxiv="http://arxiv.org/schemas/atom"
      xmlns:opensearch="http://a9.com/-/spec/opensearch/1.1/">
  <id>http://arxiv.org/api/q1</id>
  <title>arXiv Query: search_query=all:lighthouse</title>
  <opensearch:totalResults>2</opensearch:totalResults>
  <entry>
    <id>http://arxiv.org/abs/2603.09122v2</id>
    <updated>2026-03-20T08:00:00Z</updated>
    <published>2026-03-09T10:11:12Z</published>
    <title>Lighthouse Scheduling for
  Sparse Expert Layers</title>
    <summary>  We place experts where $p &lt; 0.05$ of the
tokens go.
  A second paragraph follows.
</summary>
    <author><name>Ada Ode</name><arxiv:affiliation>Lab of Lamps</arxiv:affiliation></author>
    <author><name>Bo Poe</name></author>
    <arxiv:comment>12 pages, 3 figures</arxiv:comment>
    <arxiv:doi>10.1000/Lamp.7</arxiv:doi>
    <link href="http://arxiv.org/abs/2603.09122v2" rel="alternate" type="text/html"/>
    <link title="pdf" href="http://arxiv.org/pdf/2603.09122v2" rel="related" type="application/pdf"/>
    <category term="cs.LG" scheme="http://arxiv.org/schemas/atom"/>
    <category term="cs.DC" scheme="http://arxiv.org/schemas/atom"/>
    <category term="68T05, 91D10" scheme="http://arxiv.org/schemas/atom"/>
    <arxiv:primary_category term="cs.DC" scheme="http://arxiv.org/schemas/atom"/>
  </entry>
  <entry>
    <id>http://arxiv.org/abs/quant-ph/0201999v1</id>
    <updated>2002-01-18T15:08:05Z</updated>
    <published>2002-01-18T15:08:05Z</published>
    <title>Entangled Beacons</title>
    <summary>Two lamps, one light.</summary>
    <author><name>Cy Roe</name></author>
    <link href="http://arxiv.org/abs/quant-ph/0201999v1" rel="alternate" type="text/html"/>
    <category term="quant-ph" scheme="http://arxiv.org/schemas/atom"/>
  </entry>
</feed>
"""

ARXIV_ERROR = b"""<?xml version='1.0' encoding='UTF-8'?>
<feed xmlns="http://www.w3.org/2005/Atom">
  <id>https://arxiv.org/</id>
  <entry>
    <id>https://arxiv.org/api/errors#incorrect_id_format_for_lamp</id>
    <title>Error</title>
    <summary>incorrect id format for lamp</summary>
  </entry>
</feed>
"""

ARXIV_RSS = b"""<?xml version='1.0' encoding='UTF-8'?>
<rss xmlns:arxiv="http://arxiv.org/schemas/atom" xmlns:dc="http://purl.org/dc/elements/1.1/" version="2.0">
  <channel>
    <title>cs.DC updates on arXiv.org</title>
    <link>http://rss.arxiv.org/rss/cs.DC</link>
    <item>
      <title>Gossip Among Lighthouses</title>
      <link>https://arxiv.org/abs/2603.00001</link>
      <description>arXiv:2603.00001v1 Announce Type: new
Abstract: Lamps agree on a colour
in three rounds.</description>
      <guid isPermaLink="false">oai:arXiv.org:2603.00001v1</guid>
      <category>cs.DC</category>
      <category>cs.MA</category>
      <pubDate>Mon, 02 Mar 2026 00:00:00 -0500</pubDate>
      <arxiv:announce_type>new</arxiv:announce_type>
      <dc:creator>Ada Ode (Lab of Lamps, Coast), Bo Poe</dc:creator>
    </item>
    <item>
      <title>Fog on a Ring</title>
      <link>https://arxiv.org/abs/2601.00002</link>
      <description>arXiv:2601.00002v1 Announce Type: cross
Abstract: Fog moves round a ring.</description>
      <guid isPermaLink="false">oai:arXiv.org:2601.00002v1</guid>
      <category>cs.NI</category>
      <pubDate>Mon, 02 Mar 2026 00:00:00 -0500</pubDate>
      <arxiv:announce_type>cross</arxiv:announce_type>
      <dc:creator>Cy Roe</dc:creator>
    </item>
    <item>
      <title>Old Keepers, New Locks</title>
      <link>https://arxiv.org/abs/math/0501003</link>
      <description>arXiv:math/0501003v4 Announce Type: replace-cross
Abstract: Locks of old towers.</description>
      <guid isPermaLink="false">oai:arXiv.org:math/0501003v4</guid>
      <category>math.CO</category>
      <pubDate>Mon, 02 Mar 2026 00:00:00 -0500</pubDate>
      <arxiv:announce_type>replace-cross</arxiv:announce_type>
      <arxiv:DOI>10.1000/lock.3</arxiv:DOI>
      <dc:creator>Di Soe</dc:creator>
    </item>
  </channel>
</rss>
"""

ARXIV_ATOM_LISTING = b"""<?xml version='1.0' encoding='UTF-8'?>
<feed xmlns="http://www.w3.org/2005/Atom" xmlns:arxiv="http://arxiv.org/schemas/atom"
      xmlns:dc="http://purl.org/dc/elements/1.1/">
  <id>http://rss.arxiv.org/atom/cs.DC</id>
  <title>cs.DC updates on arXiv.org</title>
  <entry>
    <id>oai:arXiv.org:2603.00001v2</id>
    <title>Gossip Among Lighthouses</title>
    <updated>2026-03-05T00:00:00-05:00</updated>
    <link href="https://arxiv.org/abs/2603.00001" rel="alternate" type="text/html"/>
    <summary>arXiv:2603.00001v2 Announce Type: replace
Abstract: Lamps agree on a colour in two rounds.</summary>
    <category term="cs.DC"/>
    <published>2026-03-05T00:00:00-05:00</published>
    <arxiv:announce_type>replace</arxiv:announce_type>
    <dc:creator>Ada Ode, Bo Poe</dc:creator>
  </entry>
</feed>
"""

ARXIV_RDF = b"""<?xml version="1.0" encoding="UTF-8"?>
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/"
         xmlns:dc="http://purl.org/dc/elements/1.1/">
<channel rdf:about="http://arxiv.org/">
<title>cs.LG updates on arXiv.org</title>
<link>http://arxiv.org/</link>
<items><rdf:Seq><rdf:li rdf:resource="http://arxiv.org/abs/1501.00001"/></rdf:Seq></items>
</channel>
<item rdf:about="http://arxiv.org/abs/1501.00001">
<title>Learning to Keep a Light. (arXiv:1501.00001v2 [cs.LG] UPDATED)</title>
<link>http://arxiv.org/abs/1501.00001</link>
<description rdf:parseType="Literal">&lt;p&gt;Keepers learn with $0.1&amp;lt;\\eta$ from
few storms.
&lt;/p&gt;
</description>
<dc:creator> &lt;a href="http://arxiv.org/a/ode_a"&gt;Ada Ode&lt;/a&gt; (Lab), &lt;a href="http://arxiv.org/a/poe"&gt;Bo
Po&amp;eacute;&lt;/a&gt;</dc:creator>
</item>
<item rdf:about="http://arxiv.org/abs/hep-th/0501002">
<title>Strings of Lamps. (arXiv:hep-th/0501002v1 [hep-th] CROSS LISTED)</title>
<link>http://arxiv.org/abs/hep-th/0501002</link>
<description rdf:parseType="Literal">&lt;p&gt;Lamps on strings.&lt;/p&gt;</description>
<dc:creator>Cy Roe, Di Soe</dc:creator>
</item>
</rdf:RDF>
"""

RSS_20 = b"""<?xml version="1.0" encoding="UTF-8"?>
<rss version="2.0" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:content="http://purl.org/rss/1.0/modules/content/"
     xmlns:prism="http://prismstandard.org/namespaces/basic/2.0/">
<channel>
<title>Journal of Lamps</title>
<link>https://lamps.example/</link>
<item>
<title>On &lt;i&gt;Lux&lt;/i&gt; at Sea</title>
<link>https://lamps.example/articles/1?from=rss</link>
<guid isPermaLink="false">10.1000/LAMP.1</guid>
<description>Volume 3, Issue 1, pages 1-9.</description>
<content:encoded><![CDATA[<p>The abstract proper, which is far longer than the line about volume and issue, and says
that light at sea falls off with the square of the distance, unless there is fog, in which case it falls off
faster and nobody sees it anyway.</p>]]></content:encoded>
<dc:creator>
Ada Ode,
Bo Poe
</dc:creator>
<category>optics</category>
<pubDate>Tue, 03 Mar 2026 06:00:00 GMT</pubDate>
</item>
<item>
<title>A Preprint Worth Reading</title>
<link>https://arxiv.org/abs/2603.01234v1</link>
<guid>https://lamps.example/?p=2</guid>
<description>We read it.</description>
</item>
</channel>
</rss>
"""

RSS_091 = b"""<?xml version="1.0" encoding="ISO-8859-1"?>
<!DOCTYPE rss PUBLIC "-//Netscape Communications//DTD RSS 0.91//EN" "http://my.netscape.com/publish/formats/rss-0.91.dtd">
<rss version="0.91"><channel><title>Phares</title>
<item><title>La lumi\xe8re</title><link>https://phares.example/1</link><description>Un \xe9t\xe9.</description></item>
</channel></rss>
"""

RSS_10 = b"""<?xml version="1.0"?>
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/"
         xmlns:dc="http://purl.org/dc/elements/1.1/">
<channel rdf:about="https://keepers.example/rss"><title>Keepers</title></channel>
<item rdf:about="https://keepers.example/7"><title>Seventh Watch</title><link>https://keepers.example/7</link>
<description>Nothing happened.</description><dc:identifier>doi:10.1000/watch.7</dc:identifier>
<dc:creator>Ode, Ada</dc:creator><dc:creator>Poe, Bo</dc:creator><dc:date>2026-03-07</dc:date></item>
</rdf:RDF>
"""

ATOM_10 = b"""<?xml version="1.0" encoding="utf-8"?>
<feed xmlns="http://www.w3.org/2005/Atom">
<title>Lamp Lab</title><id>https://lab.example/</id>
<entry><id>tag:lab.example,2026:3</id><title type="html">Brighter &amp;amp; better</title>
<link href="https://lab.example/3"/><updated>2026-03-03T12:00:00Z</updated><published>2026-03-01T12:00:00Z</published>
<author><name>Ada Ode</name></author>
<content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml"><p>A <b>new</b> lamp.</p></div></content>
</entry>
<entry><title>Untitled draft</title></entry>
<entry><id>tag:lab.example,2026:4</id><updated>2026-03-04T12:00:00Z</updated></entry>
</feed>
"""

_OAI_OPEN = b"""<?xml version="1.0" encoding="UTF-8"?>
<OAI-PMH xmlns="http://www.openarchives.org/OAI/2.0/" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
<responseDate>2026-03-09T00:00:00Z</responseDate>
"""

OAI_DC = (
    _OAI_OPEN
    + b"""<request verb="ListRecords" metadataPrefix="oai_dc">https://repo.example/oai</request>
<ListRecords>
<record><header><identifier>oai:repo.example:1</identifier><datestamp>2026-03-08</datestamp></header>
<metadata><oai_dc:dc xmlns:oai_dc="http://www.openarchives.org/OAI/2.0/oai_dc/" xmlns:dc="http://purl.org/dc/elements/1.1/">
<dc:title>Keeping Lamps in Public</dc:title><dc:creator>Ode, Ada</dc:creator><dc:creator>Poe, Bo</dc:creator>
<dc:subject>Lamps</dc:subject><dc:subject>Coast</dc:subject>
<dc:description>Master of Lamps</dc:description>
<dc:description>A long description of how lamps are kept in public places, and by whom.</dc:description>
<dc:description>https://repo.example/1/thumbnail.jpg</dc:description>
<dc:date>2026-03-08T10:00:00Z</dc:date><dc:date>2025-11</dc:date>
<dc:identifier>https://repo.example/</dc:identifier><dc:identifier>https://repo.example/items/1</dc:identifier>
<dc:identifier>https://doi.org/10.1000/Keep.1</dc:identifier>
</oai_dc:dc></metadata></record>
<record><header status="deleted"><identifier>oai:repo.example:2</identifier></header></record>
<record><header><identifier>oai:repo.example:3</identifier></header>
<metadata><mods xmlns="http://www.loc.gov/mods/v3"><title>Mods</title></mods></metadata></record>
<record><header><identifier>oai:arXiv.org:2603.00009</identifier></header>
<metadata><oai_dc:dc xmlns:oai_dc="http://www.openarchives.org/OAI/2.0/oai_dc/" xmlns:dc="http://purl.org/dc/elements/1.1/">
<dc:title>Ninth Lamp</dc:title><dc:description>It shines.</dc:description><dc:description>Comment: 9 pages</dc:description>
<dc:date>2026-03-01</dc:date><dc:date>2026-03-05</dc:date><dc:identifier>http://arxiv.org/abs/2603.00009</dc:identifier>
</oai_dc:dc></metadata></record>
<resumptionToken cursor="0" completeListSize="90">next|4</resumptionToken>
</ListRecords></OAI-PMH>
"""
)

OAI_ARXIV = (
    _OAI_OPEN
    + b"""<ListRecords>
<record><header><identifier>oai:arXiv.org:2603.00010</identifier><setSpec>cs</setSpec></header>
<metadata><arXiv xmlns="http://arxiv.org/OAI/arXiv/"><id>2603.00010</id><created>2026-03-02</created><updated>2026-03-06</updated>
<authors><author><keyname>Ode</keyname><forenames>Ada</forenames></author>
<author><keyname>Poe</keyname><forenames>Bo</forenames><suffix>Jr</suffix></author><author><keyname>LAMP Collaboration</keyname></author></authors>
<title>Tenth
  Lamp</title><categories>cs.DC cs.LG</categories><comments>Ten pages</comments><doi>10.1000/ten</doi>
<abstract>  Ten lamps
shine.
</abstract></arXiv></metadata></record>
<record><header><identifier>oai:arXiv.org:hep-th/9901001</identifier></header>
<metadata><arXivRaw xmlns="http://arxiv.org/OAI/arXivRaw/"><id>hep-th/9901001</id><submitter>A. Ode</submitter>
<version version="v1"><date>Fri, 1 Jan 1999 10:00:00 GMT</date><size>9kb</size></version>
<version version="v3"><date>Wed, 3 Mar 1999 10:00:00 GMT</date><size>9kb</size></version>
<version version="v2"><date>Tue, 2 Feb 1999 10:00:00 GMT</date><size>9kb</size></version>
<title>Raw Lamps</title><authors>A. Ode (Lab), B. Poe and C. Roe</authors><categories>hep-th math-ph</categories>
<abstract>Uncooked.</abstract></arXivRaw></metadata></record>
<resumptionToken></resumptionToken>
</ListRecords></OAI-PMH>
"""
)

OAI_ERROR = _OAI_OPEN + b"""<error code="noRecordsMatch">Nothing between these dates</error></OAI-PMH>"""

HTML_PAGE = b"<!DOCTYPE html>\n<html><head><title>Lamps</title></head><body><p>Hello<br></body></html>"
