"""What somebody may do at the console."""

from enum import StrEnum


class Role(StrEnum):
    """What somebody may do; each may do what those before it may."""

    LOOK = "look"
    ACT = "act"
    ADMINISTER = "administer"

    def covers(self, needed: "Role") -> bool:
        """Return whether this role is enough for what needs that one."""
        ranks = list(Role)
        return ranks.index(self) >= ranks.index(needed)
