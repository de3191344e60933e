"""`[telemetry]`: traces for OpenTelemetry."""

import re

from pydantic import Field, field_validator

from gateway.config.section import Section
from gateway.config.units import Duration


class TelemetrySection(Section):
    """Traces for OpenTelemetry, with the optional packages of `cention-gateway[telemetry]`; docs/monitoring.md."""

    endpoint: str = Field(
        default="",
        description="Where traces are sent by OTLP over HTTP, such as `http://127.0.0.1:4318/v1/traces`; empty: "
        "none are made. Headers that the collector wants stand in the variable OTEL_EXPORTER_OTLP_HEADERS.",
    )
    service: str = Field(default="cention-gateway", min_length=1, description="Our name in them (`service.name`).")
    timeout: Duration = Field(default=5.0, ge=0.1, le=60, description="Longest time for a call of the collector.")
    pause: Duration = Field(default=5.0, ge=0.1, le=300, description="How long spans are collected before they go.")

    @field_validator("endpoint")
    @classmethod
    def _is_a_url(cls, value: str) -> str:
        if value and not re.fullmatch(r"https?://[^/\s]+\S*", value):
            raise ValueError('expected a URL such as "http://127.0.0.1:4318/v1/traces"')
        return value
