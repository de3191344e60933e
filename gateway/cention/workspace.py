"""From a workspace's settings to the client that speaks to it."""

from pathlib import Path

from gateway.cention.cache import ArchiveCache
from gateway.cention.client import Client, Limits
from gateway.config.cache import CacheSection
from gateway.config.cention import Workspace

_WHOLE_CALL = 5
"""A call may take so many times the longest silence: a large document needs it."""


def cache_of(section: CacheSection, beside: Path | None) -> ArchiveCache | None:
    """Return what keeps archives, by default `beside` the spool; None for nothing."""
    folder = Path(section.folder) if section.folder else beside
    return ArchiveCache(folder, section.size, section.fresh) if folder is not None and section.size else None


def client_of(workspace: Workspace, threads: int = 1, cache: ArchiveCache | None = None) -> Client:
    """Return the client of a workspace, for so many threads at once; the caller closes it."""
    limits = Limits(
        connect=min(workspace.connect_timeout, workspace.timeout),
        silence=workspace.timeout,
        total=_WHOLE_CALL * workspace.timeout,
        attachment=workspace.max_attachment_size,
    )
    return Client(workspace.url, limits, threads=threads, authority=workspace.tls_ca, cache=cache)
