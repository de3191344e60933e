"""Telephone calls: what a new errand tells of one, and the end of one (contract.md, `integrationData` and Close)."""

from typing import Any

import orjson

from gateway.cention.contract import CALL, CALL_END, CALL_EXTRA, INTEGRATION
from gateway.cention.validity import Invalid, line, shown
from gateway.model import Call, CallEnd


def integration(call: Call) -> dict[str, Any]:
    """Return the `integrationData` of a new errand; Invalid names a wrong field."""
    extra = CALL_EXTRA.written(call)
    return {"integrationName": INTEGRATION} | CALL.written(call) | ({"extraData": extra} if extra else {})


def end_errand(end: CallEnd) -> bytes:
    """Return the document that closes the errand of a call; Invalid names a wrong field.

    Where the id stands is inferred, since the contract's own sample is cut off. Without one Cention has the call alone
    to find the errand by.
    """
    data: dict[str, Any] = {"type": "c3_end_errands"} | ({"id": _id(end.errand_id)} if end.errand_id else {})
    data["attributes"] = {"integrationData": {"integrationName": INTEGRATION} | CALL_END.written(end)}
    return orjson.dumps({"data": data})


def _id(value: object) -> str:
    try:
        return line(value)
    except ValueError as error:
        raise Invalid("id", f"expected {error}, found {shown(value)}", CALL_END.section) from error
