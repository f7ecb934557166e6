"""An example: replace it with what the service is for."""

import logging
from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import BaseModel

logger = logging.getLogger(__name__)
router = APIRouter(prefix="/v1/greetings", tags=["greetings"])


class Greeting(BaseModel):
    message: str


@router.get("/{name}")
async def greet(name: Annotated[str, Path(min_length=1, max_length=50)]) -> Greeting:
    """Greets somebody by name."""
    logger.info("greeting", extra={"length": len(name)})
    return Greeting(message=f"Hello, {name}")
