"""OpenDKIM as somebody else who verifies signatures: it reads a mail, and the keys from a file instead of DNS."""

import re
import subprocess
from collections.abc import Mapping
from pathlib import Path

from tests.servers.program import needs

OPENDKIM = "/usr/sbin/opendkim"
SETTINGS = """\
Mode v
TestPublicKeys {keys}
InternalHosts {nobody}
On-BadSignature accept
Socket local:{folder}/socket
Syslog no
"""


def verdicts(folder: Path, mail: bytes, records: Mapping[str, str]) -> dict[str, str]:
    """What OpenDKIM says of each signature of a mail, by selector: "pass" or how it failed.

    `records` are the TXT records by name. Headers are read up to the first that is no field, lines end with CRLF.
    """
    needs(OPENDKIM)
    keys, settings, file = folder / "keys", folder / "opendkim.conf", folder / "mail.eml"
    (folder / "nobody").write_text("")
    keys.write_text("".join(f"{name} {record}\n" for name, record in records.items()))
    settings.write_text(SETTINGS.format(keys=keys, nobody=f"refile:{folder / 'nobody'}", folder=folder))
    file.write_bytes(mail)
    argv = [OPENDKIM, "-x", str(settings), "-t", str(file), "-vv"]
    run = subprocess.run(argv, capture_output=True, text=True, timeout=30, check=False)
    said = run.stdout + run.stderr
    found = re.findall(r"dkim=(\w+)[^;]*?header\.s=([\w.-]+)", said)
    assert found, said
    return {selector: verdict for verdict, selector in found}
