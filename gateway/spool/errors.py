"""What the disk and the database say, as the gateway's errors: the one border between them (rule 6)."""

import errno
import sqlite3

from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError

from gateway.errors import Full, GatewayError, Temporary

_NO_ROOM = {
    errno.ENOSPC,
    errno.EDQUOT,
    errno.EROFS,
    errno.EACCES,
    errno.EPERM,
    errno.EIO,
    errno.EFBIG,
    errno.EMFILE,
    errno.ENFILE,
}
_NO_ROOM_SQLITE = {sqlite3.SQLITE_FULL, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN}
_UNKNOWN_SQLITE = {sqlite3.SQLITE_IOERR_FSYNC, sqlite3.SQLITE_IOERR_DIR_FSYNC}


def spool_error(error: BaseException) -> GatewayError:
    """Return `Full` where the spool has no room or cannot be written, `Temporary` for anything else."""
    if isinstance(error, GatewayError):
        return error
    cause = error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
    if isinstance(cause, OSError) and cause.errno in _NO_ROOM:
        return Full(f"the spool cannot be written: {cause.strerror}")
    code = getattr(cause, "sqlite_errorcode", 0) if isinstance(cause, sqlite3.Error) else 0
    # After a sync that failed nobody knows whether the commit is on the disk: that is not the same as no room.
    if code & 0xFF in _NO_ROOM_SQLITE and code not in _UNKNOWN_SQLITE:
        return Full(f"the spool cannot be written: {cause}")
    return Temporary(f"the spool: {cause}")


_STORE_SQLITE = {
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_CORRUPT,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_NOTADB,
}
_STORE_POSTGRESQL = ("08", "53", "57", "58", "25006")


def concerns_all(error: BaseException) -> bool:
    """Whether it is the store that is in trouble, and not one change of many: then trying them apart is of no use."""
    if isinstance(spool_error(error), Full):
        return True
    cause = error.orig if isinstance(error, (OperationalError, InterfaceError)) else None
    if isinstance(cause, sqlite3.Error):
        return (getattr(cause, "sqlite_errorcode", 0) & 0xFF) in _STORE_SQLITE
    state = getattr(cause, "sqlstate", "")
    return cause is not None and (state is None or state.startswith(_STORE_POSTGRESQL))
