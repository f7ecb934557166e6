from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient

from app.main import create_app
from app.settings import Settings

{% if values.database != 'none' %}
class Database:
    """Stands in for the database, which tests of the service itself do not need."""

    def __init__(self) -> None:
        self.answers = True
        self.opened = False

    async def __aenter__(self) -> "Database":
        self.opened = True
        return self

    async def __aexit__(self, *_: object) -> None:
        self.opened = False

    async def ping(self) -> None:
        if not self.answers:
            raise ConnectionError("connection refused")


@pytest.fixture
def database() -> Database:
    return Database()


@pytest.fixture
def client(database: Database) -> Iterator[TestClient]:
    with TestClient(create_app(Settings(), database)) as client:
        yield client
{%- else %}
@pytest.fixture
def client() -> Iterator[TestClient]:
    with TestClient(create_app(Settings())) as client:
        yield client
{%- endif %}
