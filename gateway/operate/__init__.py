"""What an operator asks for, in the console and at a terminal alike: looking at jobs and traces, and acting on them."""

from gateway.operate.acts import (
    Moved,
    act,
    act_on,
    discard,
    edit,
    found_by,
    hold,
    park,
    release,
    retry,
    undo,
    waiting_for,
)
from gateway.operate.looking import cells, found, listing, raw, show, traces
from gateway.operate.pausing import meant, pausable, pause, paused, resume
from gateway.operate.trying import try_route, try_smarthost, write_down

__all__ = [
    "Moved",
    "act",
    "act_on",
    "cells",
    "discard",
    "edit",
    "found",
    "found_by",
    "hold",
    "listing",
    "meant",
    "park",
    "pausable",
    "pause",
    "paused",
    "raw",
    "release",
    "resume",
    "retry",
    "show",
    "traces",
    "try_route",
    "try_smarthost",
    "undo",
    "waiting_for",
    "write_down",
]
