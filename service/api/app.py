"""The application: settings in, an ASGI application out.

app = create_app(load_settings())
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import Response

from models.bundle import ModelBundle
from service.api import (
    annif,
    embeddings,
    feeds,
    health,
    jobs,
    kserve,
    labelstudio,
    papers,
    predict,
    queries,
    releases,
    stream,
    tagging,
    tei,
    verdicts,
)
from service.api.access import KeyRing
from service.api.buckets import Buckets, OwnBuckets, SharedBuckets
from service.api.edge import Edge
from service.api.errors import RefusalError, problem_json, problem_of
from service.api.library import Library
from service.api.limits import ByteBudget, Rates
from service.api.live import LiveBundles
from service.api.metrics import Metrics
from service.api.openapi import document
from service.api.operation import REQUEST_ID, Answer, Call, Operation, Service, handler
from service.api.switch import Switch
from service.engine import Engine, Limits
from service.jobs.foreman import Foreman
from service.releases import Releases, bundle_in_use, releases_of
from service.ruled import under_rules
from service.settings import Settings, shared_folder

log = logging.getLogger("paperwire")

_NOTE_S = 1.0
_NO_TELEMETRY: Any = {"tracing": False, "metrics": False, "logs": False, "auto_configure": False}
"""Newer releases of FastAPI send traces where the environment asks programs to; older ones take no notice."""


class DirectRoute(APIRoute):
    """A route that calls its endpoint with the request: operations check what they are given themselves."""

    def get_route_handler(self) -> Callable[[Request], Any]:
        """The endpoint."""
        return self.endpoint


def create_app(settings: Settings, bundle: ModelBundle | None = None) -> FastAPI:
    """The service of these settings; its model is loaded now and warmed once it runs.

    Args:
        settings: from `load_settings`.
        bundle: a loaded model instead of the settings' own.

    Raises:
        BundleError: the model is missing or damaged.
        InputError: the rules cannot be read, or do not fit the model's themes.
        SettingsError: the key file cannot be read.
    """
    service = make_service(settings, bundle)
    app = FastAPI(
        title="Paperwire",
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,
        lifespan=_lifespan(service),
        middleware=_layers(service),
        root_path=settings.root_path,
        exception_handlers={HTTPException: _http_error},
        telemetry=_NO_TELEMETRY,
    )
    app.state.service = service
    app.router.route_class = DirectRoute
    operations = [*all_operations(settings)]
    operations.append(_document_operation(operations))
    for path in dict.fromkeys(operation.path for operation in operations):
        methods = {one.method: handler(one, service) for one in operations if one.path == path}
        app.router.add_api_route(path, _by_method(methods), methods=list(methods), response_model=None)
    app.openapi = lambda: document(operations, service.engine.bundle, settings)  # type: ignore[method-assign]
    return app


def _by_method(methods: Mapping[str, Callable[[Request], Awaitable[Response]]]) -> Callable[[Request], Any]:
    """One route for all methods of a path, so that what is refused names them all in `Allow`."""

    async def handle(request: Request) -> Response:
        return await methods[request.method](request)

    return handle


def make_service(settings: Settings, bundle: ModelBundle | None = None) -> Service:
    """The parts of a server, not yet running; raises as `create_app` does."""
    loaded = bundle or ModelBundle.load(bundle_in_use(settings), threads=settings.threads)
    live = under_rules(loaded, settings.rules)
    metrics = Metrics()
    limits = Limits(settings.batch_texts, settings.batch_wait_ms, settings.queue_texts)
    engine = Engine(live, limits, on_batch=metrics.batch)
    library, releases = Library(settings), _releases(settings, bundle)
    return Service(
        settings=settings,
        engine=engine,
        ring=KeyRing(settings.keys_file) if settings.keys_required and settings.keys_file else None,
        rates=Rates(settings.rate_per_s, settings.rate_burst, buckets=_buckets()),
        budget=ByteBudget(settings.bodies_bytes),
        metrics=metrics,
        library=library,
        switch=Switch(engine, releases, threads=settings.threads, rules=settings.rules),
        foreman=Foreman(settings, library.find, LiveBundles(engine, releases), metrics),
    )


def _buckets() -> Buckets:
    folder = shared_folder()
    return SharedBuckets(Path(folder) / "rates") if folder else OwnBuckets()


def _releases(settings: Settings, given: ModelBundle | None) -> Releases | None:
    if given is None:
        return releases_of(settings)
    return Releases(settings.models, given.directory) if settings.models is not None else None


def all_operations(settings: Settings) -> Sequence[Operation]:
    """Our own endpoints, and those of the protocols that the settings name."""
    protocols: dict[str, Sequence[Operation]] = {
        "annif": annif.operations(settings),
        "openai": embeddings.OPERATIONS,
        "tei": tei.OPERATIONS,
        "kserve": kserve.OPERATIONS,
        "labelstudio": labelstudio.OPERATIONS,
    }
    rooms = (tagging, stream, jobs, verdicts, papers, feeds, queries, releases, health)
    own = [one for room in rooms for one in room.OPERATIONS]
    chosen = [one for name, group in protocols.items() if name in settings.protocols for one in group]
    return (*own, *predict.operations(settings), *chosen)


def _document_operation(operations: Sequence[Operation]) -> Operation:
    made: dict[str, Response] = {}

    async def openapi(call: Call) -> Response:
        bundle = call.engine.bundle
        if bundle.name.sha256 not in made:
            body = await asyncio.to_thread(document, operations, bundle, call.settings)
            made.clear()
            made[bundle.name.sha256] = health.reply(body)
        return made[bundle.name.sha256]

    answer = Answer(dict[str, Any], "The document.")
    return Operation("GET", "/openapi.json", openapi, "openapi", "Operations", "This document", (answer,), scope=None)


def _lifespan(service: Service) -> Callable[[FastAPI], Any]:
    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        service.engine.start()
        service.foreman.start()
        tasks = [asyncio.create_task(service.switch.watch()), asyncio.create_task(_note(service))]
        warming = asyncio.create_task(_warm(service))
        if service.settings.workers > 1:  # others answer meanwhile, or its connections wait
            await warming
        yield
        warming.cancel()
        for task in tasks:
            task.cancel()
        service.switch.close()
        await asyncio.to_thread(service.foreman.close)
        await asyncio.to_thread(service.engine.close)
        await asyncio.to_thread(service.library.close)

    return lifespan


async def _note(service: Service) -> None:
    """Keep the numbers fresh that another process of the server may be asked for."""
    while True:
        service.metrics.note(service.engine, ready=service.ready)
        await asyncio.sleep(_NOTE_S)


async def _warm(service: Service) -> None:
    await asyncio.to_thread(service.engine.warm)
    name = service.engine.bundle.name
    log.info("ready", extra={"model": name.name, "version": name.version, "sha256": name.sha256})


def _layers(service: Service) -> list[Middleware]:
    layers = [Middleware(Edge, service=service)]
    if service.settings.cors_origins:
        layers.append(
            Middleware(
                CORSMiddleware,
                allow_origins=list(service.settings.cors_origins),
                allow_methods=["GET", "POST", "DELETE", "PUT"],
                allow_headers=["Authorization", "Content-Type", "X-API-Key", "X-Request-Id", "Idempotency-Key"],
                expose_headers=["X-Request-Id", "Retry-After", "Paperwire-Model", "Location"],
            )
        )
    return layers


async def _http_error(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    headers = (error.headers if isinstance(error, HTTPException) else None) or {}
    words = {
        404: ("no-such-endpoint", "there is no such endpoint: see /openapi.json"),
        405: ("method-not-allowed", f"{request.method} is not answered here: see the Allow header"),
    }
    slug, message = words.get(status, ("http", str(getattr(error, "detail", ""))))
    problem = problem_of(RefusalError(status, slug, message, headers=headers))
    return problem_json(problem, request.scope[REQUEST_ID])
