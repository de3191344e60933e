"""A certificate for localhost, made by openssl and trusted by nobody until a test says so."""

import subprocess
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Certificate:
    """PEM files: the certificate, which is its own authority, and its key."""

    certificate: Path
    key: Path


def make_certificate(folder: Path) -> Certificate:
    """Make one for localhost and 127.0.0.1, valid for two days, readable by any server's user."""
    made = Certificate(folder / "localhost.pem", folder / "localhost.key")
    asked = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"]
    names = ["-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
    files = ["-keyout", str(made.key), "-out", str(made.certificate)]
    subprocess.run(["openssl", *asked, *names, *files], check=True, capture_output=True)
    made.key.chmod(0o644)
    return made
