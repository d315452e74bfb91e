# ruff: noqa: E501  feeds wrap their lines where they like
"""Small publishers' records in XML, all written for these tests."""

from __future__ import annotations

JATS = b"""<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE article PUBLIC "-//NLM//DTD JATS (Z39.96) Journal Publishing DTD v1.2 20190208//EN" "JATS-journalpublishing1.dtd">
<article xmlns:xlink="http://www.w3.org/1999/xlink" xmlns:mml="http://www.w3.org/1998/Math/MathML">
<front><journal-meta><journal-title-group><journal-title>Lamps</journal-title></journal-title-group></journal-meta>
<article-meta><article-id pub-id-type="doi">10.1000/Jats.1</article-id><article-id pub-id-type="pmid">77</article-id>
<title-group><article-title>The <italic>Lux</italic> of CO<sub>2</sub> lamps<xref rid="f1">*</xref></article-title>
<subtitle>A view</subtitle></title-group>
<contrib-group><contrib contrib-type="author"><name><surname>Ode</surname><given-names>Ada</given-names></name></contrib>
<contrib contrib-type="editor"><name><surname>Nobody</surname><given-names>Ed</given-names></name></contrib>
<contrib contrib-type="author"><collab>The LAMP Group</collab></contrib></contrib-group>
<pub-date pub-type="collection"><year>2026</year></pub-date>
<pub-date pub-type="epub"><day>12</day><month>3</month><year>2026</year></pub-date>
<self-uri xlink:href="jats1.pdf"/><self-uri xlink:href="https://lamps.example/jats/1"/>
<abstract abstract-type="teaser"><p>Read this!</p></abstract>
<abstract><title>Abstract</title><sec><title>Aims</title><p>To find
<inline-formula><alternatives><tex-math>$a^2$</tex-math><mml:math><mml:mi>a</mml:mi></mml:math></alternatives></inline-formula>.</p></sec></abstract>
<kwd-group><kwd>lamps</kwd><kwd>light</kwd></kwd-group>
</article-meta></front><body><p>Body text that is no abstract.</p></body></article>
"""

PUBMED = b"""<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE PubmedArticleSet PUBLIC "-//NLM//DTD PubMedArticle, 1st January 2025//EN" "https://dtd.nlm.nih.gov/pubmed.dtd">
<PubmedArticleSet><PubmedArticle><MedlineCitation><PMID Version="1">7777</PMID>
<Article><Journal><JournalIssue><PubDate><Year>2026</Year><Month>Mar</Month></PubDate></JournalIssue><Title>Lamps</Title></Journal>
<ArticleTitle>Lamps and <i>sleep</i>.</ArticleTitle><ELocationID EIdType="doi">10.1000/sleep</ELocationID>
<Abstract><AbstractText Label="AIM">To sleep.</AbstractText><AbstractText Label="RESULTS">We slept.</AbstractText></Abstract>
<AuthorList><Author><LastName>Ode</LastName><ForeName>Ada</ForeName></Author>
<Author><CollectiveName>Night Group</CollectiveName></Author></AuthorList></Article>
<KeywordList><Keyword>sleep</Keyword></KeywordList></MedlineCitation></PubmedArticle>
<PubmedArticle/></PubmedArticleSet>
"""

CROSSREF = b"""<?xml version="1.0" encoding="UTF-8"?>
<doi_records><doi_record owner="10.1000"><crossref><journal><journal_metadata><full_title>Lamps</full_title></journal_metadata>
<journal_article><titles><title>Crossed Lamps</title><subtitle>And references</subtitle></titles>
<contributors><person_name contributor_role="author"><given_name>Ada</given_name><surname>Ode</surname></person_name>
<person_name contributor_role="editor"><given_name>Ed</given_name><surname>Nobody</surname></person_name>
<organization contributor_role="author">LAMP</organization></contributors>
<jats:abstract xmlns:jats="http://www.ncbi.nlm.nih.gov/JATS1"><jats:p>They cross.</jats:p></jats:abstract>
<publication_date media_type="print"><month>4</month><year>2026</year></publication_date>
<publication_date media_type="online"><month>3</month><day>9</day><year>2026</year></publication_date>
<doi_data><doi>10.1000/cross</doi><resource>https://lamps.example/cross</resource></doi_data></journal_article></journal></crossref></doi_record>
<doi_record><crossref><journal><journal_metadata><full_title>Lamps</full_title></journal_metadata></journal></crossref></doi_record>
<doi_record><crossref><book><book_metadata><titles><title>Book of Lamps</title></titles></book_metadata>
<content_item><titles><title>Chapter One</title></titles><doi_data><doi>10.1000/book.1</doi></doi_data></content_item></book></crossref></doi_record>
</doi_records>
"""

DATACITE = b"""<?xml version="1.0" encoding="UTF-8"?>
<resource xmlns="http://datacite.org/schema/kernel-4"><identifier identifierType="DOI">10.1000/DATA.1</identifier>
<creators><creator><creatorName>Ode, Ada</creatorName><givenName>Ada</givenName><familyName>Ode</familyName></creator>
<creator><creatorName>LAMP Group</creatorName></creator></creators>
<titles><title titleType="TranslatedTitle">Lampen</title><title>Lamps</title><title titleType="Subtitle">A report</title></titles>
<publicationYear>2025</publicationYear><resourceType resourceTypeGeneral="Report">Report</resourceType>
<subjects><subject>lamps</subject></subjects><dates><date dateType="Issued">2026-03-09</date></dates>
<descriptions><description descriptionType="Methods">Counting.</description>
<description descriptionType="Abstract">We report.</description></descriptions></resource>
"""

IEEE = b"""<?xml version="1.0"?>
<publication><title>Lamps</title><publicationinfo/><volume><article><title><![CDATA[Passive Lamps]]></title>
<articleinfo><articledoi>10.1000/ieee.1</articledoi><abstract><![CDATA[They sit.]]></abstract>
<authorgroup><author><nonnormname>Ada Ode</nonnormname></author></authorgroup>
<date datetype="OriginalPub"><year>2026</year><month>March</month></date></articleinfo></article></volume></publication>
"""

OSTI = b"""<?xml version="1.0"?>
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:dc="http://purl.org/dc/elements/1.1/"
 xmlns:dcq="http://purl.org/dc/terms/"><records count="1"><record rownumber="1"><dc:title>Lamps of State</dc:title>
<dc:creator>Ode, Ada Email: ada@lamps.example, (ORCID: 0000) [Coast]; Poe, Bo</dc:creator><dc:subject>lamps; light</dc:subject>
<dc:description>N/A</dc:description><dc:date>2026-03-09</dc:date><dc:ostiId>99</dc:ostiId>
<dcq:identifier-citation>https://osti.example/biblio/99</dcq:identifier-citation></record></records></rdf:RDF>
"""
