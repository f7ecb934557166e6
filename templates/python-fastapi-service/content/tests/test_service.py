import json
import logging

import pytest
from fastapi.testclient import TestClient
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from app.logs import JsonFormatter
from app.main import create_app
from app.settings import SettingError, Settings
from app.tracing import configure_tracing


def test_greets_by_name(client: TestClient) -> None:
    answer = client.get("/v1/greetings/Ada")
    assert answer.status_code == 200
    assert answer.json() == {"message": "Hello, Ada"}


def test_refuses_names_that_are_too_long(client: TestClient) -> None:
    assert client.get(f"/v1/greetings/{'a' * 51}").status_code == 422


def test_is_alive_and_ready(client: TestClient) -> None:
    assert client.get("/healthz").status_code == 200
    assert client.get("/readyz").status_code == 200

{% if values.database != 'none' %}
def test_is_alive_but_not_ready_without_its_database(client: TestClient, database) -> None:
    database.answers = False
    assert client.get("/healthz").status_code == 200
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["database"] == "does not answer"


def test_opens_the_database_at_the_start_and_closes_it_at_the_end(database) -> None:
    with TestClient(create_app(Settings(), database)):
        assert database.opened
    assert not database.opened

{% endif %}
def test_counts_requests_by_route_and_never_by_path(client: TestClient) -> None:
    client.get("/v1/greetings/Ada")
    client.get("/no/such/path")
    text = client.get("/metrics").text
    counted = 'http_requests_total{method="GET",route="/v1/greetings/{name}",status="200"} 1.0'
    assert counted in text
    assert 'route="unmatched",status="404"' in text
    assert "/no/such/path" not in text


def test_traces_requests_but_not_probes() -> None:
    exporter = InMemorySpanExporter()
{%- if values.database != 'none' %}
    from tests.conftest import Database

    app = create_app(Settings(), Database())
{%- else %}
    app = create_app(Settings())
{%- endif %}
    provider = configure_tracing(app, "test", exporter)
    with TestClient(app) as client:
        client.get("/v1/greetings/Ada")
        client.get("/healthz")
    provider.shutdown()
    names = {span.name for span in exporter.get_finished_spans()}
    assert "GET /v1/greetings/{name}" in names
    assert not any("healthz" in name for name in names)


def test_logs_one_json_object_with_its_fields() -> None:
    record = logging.makeLogRecord(
        {"name": "app", "levelname": "WARNING", "msg": "%s left", "args": (3,), "order": "A1"}
    )
    entry = json.loads(JsonFormatter().format(record))
    assert entry["level"] == "warn"
    assert entry["message"] == "3 left"
    assert entry["order"] == "A1"


def test_reads_its_settings() -> None:
    settings = Settings.from_environment(
        {"PORT": "9000", "LOG_LEVEL": "DEBUG", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector"}
    )
    assert settings.port == 9000
    assert settings.log_level == "debug"
    assert settings.tracing
    assert not Settings.from_environment({}).tracing


@pytest.mark.parametrize("environment", [{"PORT": "http"}, {"PORT": "0"}, {"LOG_LEVEL": "loud"}])
def test_refuses_settings_that_make_no_sense(environment: dict[str, str]) -> None:
    with pytest.raises(SettingError):
        Settings.from_environment(environment)
