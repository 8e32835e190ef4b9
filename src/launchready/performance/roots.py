"""The root certificates a session trusts, laid out so that a handshake reads the one it needs.

Reading all of Mozilla's roots takes 4 ms of each fresh connection's TLS time here, which no buyer's browser waits for:
it has them in memory. OpenSSL finds a root by the hash of its name in a folder (X509_LOOKUP_hash_dir).
"""

from __future__ import annotations

import re
import tempfile
from pathlib import Path

import certifi
import pycurl


class Roots:
    """Mozilla's roots, or those of `ca_pem`; the folder is made at the first need and gone after `close`."""

    def __init__(self, ca_pem: bytes | None) -> None:
        self._ca_pem = ca_pem
        self._folder: tempfile.TemporaryDirectory[str] | None = None

    def trusted_by(self, curl: pycurl.Curl) -> None:
        """Let a handle trust these, and nothing else."""
        curl.setopt(pycurl.SSL_VERIFYPEER, 1)
        curl.setopt(pycurl.SSL_VERIFYHOST, 2)
        if self._ca_pem is not None:
            curl.setopt(pycurl.CAINFO_BLOB, self._ca_pem)
            return
        if self._folder is None:
            self._folder = tempfile.TemporaryDirectory(prefix="launchready-roots-")
            _lay_out(Path(certifi.where()).read_text("ascii", "replace"), Path(self._folder.name))
        curl.unsetopt(pycurl.CAINFO)
        curl.setopt(pycurl.CAPATH, self._folder.name)

    def close(self) -> None:
        """Take the folder away."""
        if self._folder:
            self._folder.cleanup()
            self._folder = None


def _lay_out(bundle: str, folder: Path) -> None:
    """Each certificate in a file of its own, named as `openssl rehash` names it."""
    from OpenSSL.crypto import FILETYPE_PEM, load_certificate

    for pem in re.findall(r"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----\n?", bundle, re.DOTALL):
        name = f"{load_certificate(FILETYPE_PEM, pem.encode('ascii')).subject_name_hash():08x}"
        number = next(n for n in range(1000) if not (folder / f"{name}.{n}").exists())
        (folder / f"{name}.{number}").write_text(pem, "ascii")
