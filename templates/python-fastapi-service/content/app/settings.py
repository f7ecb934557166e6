"""What the environment says."""

import os
from collections.abc import Mapping
from dataclasses import dataclass

LOG_LEVELS = ("debug", "info", "warn", "error")


class SettingError(ValueError):
    """A variable of the environment has a value that cannot be used."""


@dataclass(frozen=True)
class Settings:
    name: str = "${{ values.name }}"
    port: int = 8080
    log_level: str = "info"
    tracing: bool = False

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> "Settings":
        port = environment.get("PORT", "8080")
        if not port.isdecimal() or not 0 < int(port) < 65536:
            raise SettingError(f"PORT is {port!r}, but must be a number from 1 to 65535")
        log_level = environment.get("LOG_LEVEL", "info").lower()
        if log_level not in LOG_LEVELS:
            raise SettingError(f"LOG_LEVEL is {log_level!r}, but must be one of {LOG_LEVELS}")
        return cls(
            name=environment.get("OTEL_SERVICE_NAME", cls.name),
            port=int(port),
            log_level=log_level,
            tracing=any(
                environment.get(variable)
                for variable in (
                    "OTEL_EXPORTER_OTLP_ENDPOINT",
                    "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
                )
            ),
        )
