"""The two questions that a cluster asks."""
{% if values.database != 'none' %}
import asyncio
import logging

from fastapi import APIRouter, Request, Response, status

logger = logging.getLogger(__name__)
{%- else %}
from fastapi import APIRouter
{%- endif %}

router = APIRouter(include_in_schema=False)


@router.get("/healthz")
async def alive() -> dict[str, str]:
    """Does the process work? It must not depend on anything else: a no restarts it."""
    return {"status": "ok"}

{% if values.database != 'none' %}
@router.get("/readyz")
async def ready(request: Request, response: Response) -> dict[str, str]:
    """Can it serve? A no keeps requests away until it can again."""
    try:
        # A kubelet gives up after one second; answer before that.
        async with asyncio.timeout(0.9):
            await request.app.state.database.ping()
    except Exception as error:
        logger.warning("the database does not answer", extra={"error": repr(error)})
        response.status_code = status.HTTP_503_SERVICE_UNAVAILABLE
        return {"status": "unavailable", "database": "does not answer"}
    return {"status": "ok", "database": "ok"}
{%- else %}
@router.get("/readyz")
async def ready() -> dict[str, str]:
    """Can it serve? Ask here whatever it cannot serve without."""
    return {"status": "ok"}
{%- endif %}
