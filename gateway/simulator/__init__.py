"""A Cention to run against, written from the contract alone.

`Simulator(Options(...))` is all that others need. Nothing here knows the gateway, so that a misreading of the contract
cannot hide in both.
"""

from gateway.simulator.form import LinkForm
from gateway.simulator.options import Options
from gateway.simulator.server import Simulator

__all__ = ["LinkForm", "Options", "Simulator"]
