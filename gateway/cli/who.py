"""Who acts at a terminal: the account, and whoever became it by sudo."""

import os
import pwd
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gateway.spool.audit import Who


def who() -> "Who":
    """Return who acts, for traces and the audit."""
    from gateway.spool.audit import Who

    try:
        account = pwd.getpwuid(os.getuid()).pw_name
    except KeyError:  # a container's user need not have a name
        account = f"uid {os.getuid()}"
    before = os.environ.get("SUDO_USER", "")
    return Who(f"{before} (as {account})" if before and before != account else account, "command")
