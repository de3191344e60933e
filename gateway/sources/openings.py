"""All sockets that mail servers connect to, for each process that takes connections; and their end."""

import socket
from collections.abc import Sequence
from typing import NamedTuple

from gateway.config.listening import SmtpSection
from gateway.config.lmtp import LmtpSection, UnixSocket
from gateway.sources.sockets import Passed, listening
from gateway.sources.unixfile import UnixFile


class Sockets(NamedTuple):
    """What one process listens on."""

    smtp: Sequence[socket.socket] = ()
    lmtp: Sequence[socket.socket] = ()


class Openings:
    """The sockets of all processes, a row for each; SettingsError when one cannot be had."""

    def __init__(self, smtp: SmtpSection, lmtp: LmtpSection, passed: Passed) -> None:
        copies = max(1, smtp.processes)
        self.rows: list[Sockets] = []
        self._files: list[UnixFile] = []
        try:
            by_smtp = listening("smtp.listen", smtp.listen, copies, passed, shared=smtp.share_port)
            by_lmtp = [self._lmtp(lmtp, place, passed) for place in lmtp.listen if isinstance(place, UnixSocket)]
            by_tcp = [place for place in lmtp.listen if not isinstance(place, UnixSocket)]
            over_tcp = listening("lmtp.listen", by_tcp, copies, passed, shared=smtp.share_port)
        except BaseException:
            self.close()
            raise
        self.rows = [Sockets(row, [*tcp, *by_lmtp]) for row, tcp in zip(by_smtp, over_tcp, strict=True)]

    def _lmtp(self, settings: LmtpSection, place: UnixSocket, passed: Passed) -> socket.socket:
        """Return a Unix socket, which all processes share: systemd's where it passed one of that path."""
        if place.path in passed:
            return passed[place.path]
        self._files.append(file := UnixFile(place, settings))
        return file.socket

    def close(self) -> None:
        """Close them all, and remove the files of those that we made."""
        for one in {one for row in self.rows for sockets in row for one in sockets}:
            one.close()
        for file in self._files:
            file.remove()
