"""The OpenAPI 3.1 document, made from the operations and from what the live model knows."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Callable, Iterable, Mapping, Sequence
from http import HTTPStatus
from typing import Any

import msgspec

from models.bundle import ModelBundle
from service.api import idempotency
from service.api.errors import ErrorForm
from service.api.languages import known_languages
from service.api.operation import Answer, Body, Operation
from service.settings import Settings

Json = dict[str, Any]

_REFERENCE = "#/components/schemas/{name}"
_INTRODUCTION = (
    "Tags research papers with themes: calibrated, explained, correctable, offline. Every answer names the model "
    "that made it, in its body or in the header `Paperwire-Model`. Errors are problem+json and say what to do; "
    "429 and 503 carry `Retry-After`. `X-Request-Id` comes back, and is in the log."
)
# Of these the live model knows only some: saved queries are feeds too, other models lie on the shelf, and a verdict
# outlives the model that knew its theme.
_OPEN_IN_PATHS = frozenset(("names", "versions", "themes"))
_TEXTS = ("title", "abstract")
_KNOWN = {"x-enum": "enum", "x-examples": "examples"}
_HEADERS: dict[int, tuple[str, ...]] = {401: ("WWW-Authenticate",), 429: ("Retry-After",), 503: ("Retry-After",)}


def document(operations: Sequence[Operation], bundle: ModelBundle, settings: Settings) -> Json:
    """The document as a JSON-ready dict."""
    types = list(_types(operations))
    schemas, components = msgspec.json.schema_components(types, ref_template=_REFERENCE)
    schema_of = _lookup(types, schemas)
    paths: dict[str, Json] = {}
    for operation in operations:
        path = operation.path.replace(":path}", "}")  # a path parameter that may hold slashes is the router's matter
        paths.setdefault(path, {})[operation.method.lower()] = _operation(operation, schema_of, settings)
    out: Json = {
        "openapi": "3.1.0",
        "info": {
            "title": "Paperwire",
            "version": importlib.metadata.version("paperwire"),
            "description": _INTRODUCTION,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "tags": [{"name": name} for name in dict.fromkeys(operation.section for operation in operations)],
        "paths": paths,
        "components": {"schemas": components},
    }
    if settings.keys_required:
        out["components"]["securitySchemes"] = {"key": {"type": "http", "scheme": "bearer"}}
    return _filled(_narrowed(out, settings), known_values(bundle))  # type: ignore[no-any-return]


def known_values(bundle: ModelBundle) -> Mapping[str, Sequence[Any]]:
    """The values that each `x-enum` and `x-examples` stands for."""
    name, taxonomy = bundle.name.name, bundle.taxonomy
    return {
        "names": sorted({*taxonomy.ids, *(group.id for group in taxonomy.groups)}),
        "themes": list(taxonomy.ids),
        "projects": [name, f"{name}-fast", f"{name}-accurate"],
        "models": [name, f"{name}@{bundle.name.version}"],
        "names_of_models": [name],
        "languages": known_languages(),
        "dimensions": [bundle.dense.encoder.dim],
        "versions": [bundle.name.version],
        "feed_formats": ["atom", "rss", "json"],
    }


def _types(operations: Iterable[Operation]) -> Iterable[Any]:
    for operation in operations:
        yield operation.form.schema
        if operation.query is not None:
            yield operation.query
        kinds = [body.kind for body in _bodies(operation)]
        for kind in [*kinds, *(answer.kind for answer in operation.answers)]:
            yield from kind if isinstance(kind, tuple) else [] if kind is None else [kind]


def _lookup(types: Sequence[Any], schemas: Sequence[Json]) -> Callable[[Any], Json]:
    pairs = list(zip(types, schemas, strict=True))

    def schema_of(kind: Any) -> Json:
        if isinstance(kind, tuple):
            return {"anyOf": [schema_of(one) for one in kind]}
        return next(schema for known, schema in pairs if known == kind)

    return schema_of


def _operation(operation: Operation, schema_of: Callable[[Any], Json], settings: Settings) -> Json:
    out: Json = {
        "operationId": operation.name,
        "tags": [operation.section],
        "summary": operation.summary,
        "responses": _answers(operation.answers, schema_of),
    }
    headers = [idempotency.parameter()] if operation.keyed else []
    parameters = [*_path_parameters(operation), *_query_parameters(operation), *headers]
    if parameters:
        out["parameters"] = parameters
    if operation.body is not None:
        contents = {body.media_type: _content(body, schema_of) for body in _bodies(operation)}
        out["requestBody"] = {"required": True, "content": contents}
    for status in sorted({operation.form.renumbered.get(s, s) for s in _statuses(operation)}):
        out["responses"].setdefault(str(status), _error(status, operation.form, schema_of))
    if operation.scope is not None and settings.keys_required:
        out["security"] = [{"key": []}]
        out["description"] = f"Needs a key with the scope `{operation.scope}`."
    return out


def _statuses(operation: Operation) -> Iterable[int]:
    if operation.body is not None:
        yield from (400, 413, 415, 422, 503)
    if operation.query is not None:
        yield 422
    if operation.path_values or operation.names_model:
        yield 404
    if operation.conflicts or operation.keyed:
        yield from (409, 422)
    yield from operation.refusals
    if operation.scope is not None:
        yield from (401, 403, 429)
    if operation.computes:
        yield from (429, 503) if operation.form.media_type == "application/json" else (503,)


def _path_parameters(operation: Operation) -> Iterable[Json]:
    for name, (description, values) in operation.path_values.items():
        known = {"x-examples" if values in _OPEN_IN_PATHS else "x-enum": values} if values else {}
        schema: Json = {"type": "string", **known}
        yield {"name": name, "in": "path", "required": True, "description": description, "schema": schema}


def _query_parameters(operation: Operation) -> Iterable[Json]:
    if operation.query is None:
        return
    (_, components) = msgspec.json.schema_components([operation.query], ref_template=_REFERENCE)
    schema = components[operation.query.__name__]
    for name, given in schema["properties"].items():
        part = _with_empty_entries(given)
        parameter: Json = {"name": name, "in": "query", "required": name in schema["required"], "schema": part}
        if "description" in part:
            parameter["description"] = part["description"]
        yield parameter


def _with_empty_entries(part: Json) -> Json:
    """A parameter's schema; of lists in a query, empty entries (`include=`) are passed over, whatever else is one."""
    if part.get("type") != "array" or "x-enum" not in part["items"]:
        return part
    return {**part, "items": {"anyOf": [part["items"], {"type": "string", "maxLength": 0}]}}


def _bodies(operation: Operation) -> Sequence[Body]:
    return (operation.body, *operation.body.also) if operation.body is not None else ()


def _content(body: Body, schema_of: Callable[[Any], Json]) -> Json:
    content: Json = {"schema": schema_of(body.kind)}
    if body.examples:
        content["examples"] = {name: {"value": value} for name, value in body.examples.items()}
    return content


def _answers(answers: Sequence[Answer], schema_of: Callable[[Any], Json]) -> Json:
    """Good answers by status; of one status there may be several media types."""
    out: Json = {}
    for answer in answers:
        made = _answer(answer, schema_of)
        known = out.setdefault(str(answer.status), made)
        if known is not made:
            known["content"] |= made["content"]
    return out


def _answer(answer: Answer, schema_of: Callable[[Any], Json]) -> Json:
    out: Json = {"description": answer.description}
    if answer.kind is not None:
        content: Json = {"schema": schema_of(answer.kind)}
        if answer.examples:
            content["examples"] = {name: {"value": value} for name, value in answer.examples.items()}
        out["content"] = {answer.media_type: content}
    return out


def _error(status: int, form: ErrorForm, schema_of: Callable[[Any], Json]) -> Json:
    out: Json = {
        "description": HTTPStatus(status).phrase,
        "content": {form.media_type: {"schema": schema_of(form.schema)}},
    }
    if status in _HEADERS:
        out["headers"] = {name: {"schema": {"type": "string"}} for name in _HEADERS[status]}
    return out


def _narrowed(out: Json, settings: Settings) -> Json:
    """What msgspec's types cannot say: a paper needs a title or an abstract, lists have an end, many papers no text.

    A list of papers is read by the same struct as one paper, which is why fields of a paper beside it need their type.
    """
    schemas = out["components"]["schemas"]
    some_text = [{"required": [name], "properties": {name: {"type": "string"}}} for name in _TEXTS]
    for name in ("PaperIn", "TagOne"):
        schemas[name]["anyOf"] = some_text
    schemas["TagOne"]["not"] = {"required": ["papers"]}
    one, many = schemas["TagOne"]["properties"], schemas["TagMany"]["properties"]
    many["papers"]["maxItems"] = settings.papers_per_request
    many |= {name: one[name] for name in ("id", "categories", "version")} | {name: {"type": "null"} for name in _TEXTS}
    return out


def _filled(part: Any, values: Mapping[str, Sequence[Any]]) -> Any:
    if isinstance(part, dict):
        return {
            _KNOWN.get(name, name): values[value] if name in _KNOWN else _filled(value, values)
            for name, value in part.items()
        }
    return [_filled(item, values) for item in part] if isinstance(part, list) else part
