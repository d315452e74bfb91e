"""The only way out to the network: fetching feeds politely and safely, and paging through harvests.

    Fetcher(policy).fetch(url, etag=...) -> Fetched        client: retries; redirects: hop by hop
      |- addresses   which URLs and IP addresses may be touched
      |- gate        one request at a time for each host, 3 s apart for arXiv
      `- exchange    one request: connect (checked addresses, time limits), body (size limits)
    arxiv_api_pages, oai_pages -> Page(fetched, cursor)    resumable harvests on top of `fetch`

Proxies are not used, whatever the environment says: behind one, nobody could check the address that
is dialled. How misbehaving servers are treated, all as `FetchError` unless said otherwise; "tried again" means
up to `FetchPolicy.retries` times before the error:

    slow headers, slow or dripping body      cut at timeout_s a read and total_timeout_s, tried again
    body shorter than announced, cut gzip    tried again
    wrong content type                       accepted, reported in `Fetched.content_type`
    redirect loop, too many, downgrade       refused
    redirect or name to a private address    refused at connect, whatever DNS says later
    408, 425, 429, 500, 502, 503, 504        tried again after Retry-After (seconds or date)
    304                                      `Fetched.not_modified`; an error if nothing conditional was asked
    gzip bomb, endless or 10 GB body         cut at max_bytes (announced ones before the first byte)
    header flood, non-HTTP garbage, reset    tried again
    IP addresses in odd spellings            refused before any connection
"""

from service.fetch.arxiv_api import ApiCursor, arxiv_api_pages
from service.fetch.client import Fetcher
from service.fetch.gate import HostGate
from service.fetch.oai import OaiCursor, oai_pages
from service.fetch.paging import Page
from service.fetch.policy import Fetched, FetchPolicy

__all__ = [
    "ApiCursor",
    "FetchPolicy",
    "Fetched",
    "Fetcher",
    "HostGate",
    "OaiCursor",
    "Page",
    "arxiv_api_pages",
    "oai_pages",
]
