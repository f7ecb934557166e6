"""Puts the service together."""

import logging
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from fastapi import FastAPI

from app import greetings, health
{%- if values.database != 'none' %}
from app.database import Database
{%- endif %}
from app.metrics import Metrics, MetricsMiddleware
from app.settings import Settings
from app.tracing import configure_tracing

logger = logging.getLogger(__name__)

{% if values.database != 'none' %}
def create_app(settings: Settings, database: Database | None = None) -> FastAPI:
    database = database or Database.from_environment()
{% else %}
def create_app(settings: Settings) -> FastAPI:
{%- endif %}
    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            if settings.tracing:
                stack.callback(configure_tracing(app, settings.name).shutdown)
{%- if values.database != 'none' %}
            app.state.database = await stack.enter_async_context(database)
{%- endif %}
            logger.info("started", extra={"port": settings.port, "tracing": settings.tracing})
            yield
            logger.info("stopping")

    app = FastAPI(title=settings.name, lifespan=lifespan)
    metrics = Metrics()
    app.add_middleware(MetricsMiddleware, metrics=metrics)
    app.include_router(health.router)
    app.include_router(metrics.router())
    app.include_router(greetings.router)
    return app
