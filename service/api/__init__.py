"""The HTTP service: `create_app` makes it, `serve` runs it.

    operation    one endpoint as data: path, scope, schemas, function; and the call it gets
    errors       from exceptions to answers, in each protocol's own form
    edge         what surrounds every request: ids, headers, sizes, logs, metrics
    keys access  API keys on disk, and who may do what
    tagging stream papers verdicts releases health   our own endpoints, among others
    reviewing    what people say about papers, into the store
    annif embeddings tei kserve labelstudio          other services' protocols on the same model
    openapi      the document, from the operations

Names are imported from the modules; this file imports nothing, so that keys can be managed
without loading a web framework.
"""
