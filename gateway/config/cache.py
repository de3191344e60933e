"""`[cache]`: pictures of Cention's archives that are kept, so that not every answer has to fetch them."""

from pydantic import Field

from gateway.config.section import Section
from gateway.config.units import Duration, Size


class CacheSection(Section):
    """Pictures of Cention's archives (logos and the like), kept on disk for the answers that come after."""

    folder: str = Field(
        default="",
        description="Folder for them; by default `<spool>.cache` beside a SQLite spool, else nothing is kept.",
    )
    size: Size = Field(default=64_000_000, description="Their bytes in all; what was not used longest goes. 0: none.")
    fresh: Duration = Field(
        default=600.0,
        description="How long one is used unasked. After that Cention is asked whether it is still the same, where it "
        "gave an ETag or a date; where it gave none, it is fetched again.",
    )
