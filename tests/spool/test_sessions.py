"""Sessions of the console in the spool: the same on each store."""

from functools import partial

from gateway.spool import sessions
from gateway.spool.sessions import Session, digest_of
from gateway.spool.spool import Spool


def begun(spool: Spool, key: str, name: str, at: float) -> Session:
    one = Session(digest_of(key), name, "password", "act", "mark", at, at)
    spool.change(partial(sessions.begin, begun=one, idle=100, longest=1000)).result()
    return one


def found(spool: Spool, key: str) -> Session | None:
    return spool.read(partial(sessions.find, digest=digest_of(key)))


def test_a_session_is_found_by_its_key_until_it_is_ended(spool: Spool) -> None:
    one = begun(spool, "first", "asa", 1000.5)
    assert found(spool, "first") == one
    assert found(spool, "second") is None
    spool.change(partial(sessions.seen, digest=one.digest, now=1050.25)).result()
    later = found(spool, "first")
    assert later is not None
    assert (later.began, later.seen) == (1000.5, 1050.25)
    spool.change(partial(sessions.end, digest=one.digest)).result()
    assert found(spool, "first") is None


def test_sessions_that_ended_are_removed_when_another_begins(spool: Spool) -> None:
    begun(spool, "idle", "asa", 1000)
    old = begun(spool, "old", "asa", 150)
    spool.change(partial(sessions.seen, digest=old.digest, now=1150)).result()
    begun(spool, "lasting", "asa", 1060)
    begun(spool, "new", "asa", 1151)
    assert [key for key in ("idle", "old", "lasting", "new") if found(spool, key)] == ["lasting", "new"]
