"""What the disk and the database say, as the gateway's errors: the one border between them (rule 6)."""

import errno
import sqlite3

from gateway.errors import Full, GatewayError, SettingsError, Temporary

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
_STORE_SQLITE = {
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_CORRUPT,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_NOTADB,
}
# PostgreSQL's SQLSTATE (its manual, appendix A): disk full, read-only; the classes of connection, resources, operator
# and system; unique violation, serialization failure, deadlock.
_NO_ROOM_POSTGRESQL = {"53100", "25006"}
_STORE_POSTGRESQL = ("08", "53", "57", "58", "25006")
_CONFLICT_POSTGRESQL = {"23505", "40001", "40P01"}


def spool_error(error: BaseException) -> GatewayError:
    """Return `Full` where the spool has no room or cannot be written, `Temporary` for anything else."""
    if isinstance(error, GatewayError):
        return error
    cause = _cause(error)
    if isinstance(cause, OSError) and cause.errno in _NO_ROOM:
        return Full(f"the spool cannot be written: {cause.strerror}")
    code = _sqlite_code(cause)
    # After a sync that failed nobody knows whether the commit is on the disk: that is not the same as no room.
    if code & 0xFF in _NO_ROOM_SQLITE and code not in _UNKNOWN_SQLITE:
        return Full(f"the spool cannot be written: {cause}")
    if _sqlstate(cause) in _NO_ROOM_POSTGRESQL:
        return Full(f"the spool cannot be written: {_words(cause)}")
    return Temporary(f"the spool: {_words(cause)}")


def concerns_all(error: BaseException) -> bool:
    """Whether it is the store that is in trouble, and not one change of many: then trying them apart is of no use."""
    if isinstance(spool_error(error), Full):
        return True
    from sqlalchemy.exc import InterfaceError, OperationalError

    if not isinstance(error, (OperationalError, InterfaceError)):
        return False
    cause = _cause(error)
    if isinstance(cause, sqlite3.Error):
        return _sqlite_code(cause) & 0xFF in _STORE_SQLITE
    # A connection that is lost, or was never made, has no SQLSTATE.
    return not _sqlstate(cause) or _sqlstate(cause).startswith(_STORE_POSTGRESQL)


def conflicts(error: BaseException) -> bool:
    """Whether another node was quicker: tried again, the change sees what that one did."""
    return _sqlstate(_cause(error)) in _CONFLICT_POSTGRESQL


def cannot_open(name: str, error: BaseException) -> GatewayError:
    """Say why a database cannot be opened: `Temporary` where its server is not there, `SettingsError` for the rest."""
    cause = _cause(error)
    if concerns_all(error) and not isinstance(cause, sqlite3.Error):
        return Temporary(f"gateway.spool: {name} cannot be reached: {_words(cause)}")
    return SettingsError([f"gateway.spool: {name} cannot be opened: {_words(cause)}"])


def _cause(error: BaseException) -> BaseException:
    """Return what the driver said; around it stand the statement and its values, which are not for a log."""
    original = getattr(error, "orig", None)  # SQLAlchemy's errors have it
    return original if isinstance(original, BaseException) else error


def _sqlite_code(cause: BaseException) -> int:
    code: int = getattr(cause, "sqlite_errorcode", 0) if isinstance(cause, sqlite3.Error) else 0
    return code


def _sqlstate(cause: BaseException) -> str:
    return getattr(cause, "sqlstate", None) or ""


def _words(cause: BaseException) -> str:
    """Return what was said, in one line."""
    return " ".join(str(cause).split())
