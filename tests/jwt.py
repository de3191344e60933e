"""JSON Web Tokens as anyone writes them (RFC 7519), with a signature that nobody checks."""

import base64
import json
from typing import Any


def jwt(payload: Any = None, **claims: Any) -> str:
    """A token with these claims, or with a payload that need be no claims at all."""
    parts = ({"alg": "HS256"}, claims if payload is None else payload)
    written = (base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts)
    return ".".join([*written, "c2lnbmF0dXJl"])
