"""A home folder for Chromium in which roots of one's own are trusted as roots: names and dates are still verified.

Chromium on Linux reads the NSS database below its home; that is written by NSS itself, in a process of its own, as its
state is one a process. What others use instead lets more through: `--ignore-certificate-errors-spki-list` takes any
chain in which the certificate merely lies, for any name, and anybody can send it along. Changes nothing outside the
folder it is given.
"""

from __future__ import annotations

import asyncio
import ctypes
import re
import ssl
import sys
from pathlib import Path

MADE_IN_S = 10.0
_PEM = re.compile(r"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.DOTALL)
_VOID = ctypes.c_void_p


async def trust(home: Path, ca_pem: bytes) -> str:
    """Make the database below `home`; returns why it cannot be made, empty when it is there."""
    if not sys.platform.startswith("linux"):
        return "a browser can be given roots of one's own on Linux only"
    started = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "launchready.probes.browser_trust", str(home),
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        async with asyncio.timeout(MADE_IN_S):
            _, told = await started.communicate(ca_pem)
    except TimeoutError:
        started.kill()
        await started.wait()
        return "the browser's store of certificates was not made in time"
    if started.returncode == 0:
        return ""
    lines = told.decode("utf-8", "replace").strip().splitlines() or [f"exit {started.returncode}"]
    return f"the browser cannot be told to trust the given roots: {lines[-1][:200]}"


def make(folder: Path, roots: list[bytes]) -> None:
    """Write an NSS database with those DER certificates as trusted roots for servers.

    Raises OSError where NSS is not installed, ValueError for what it does not take.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    nss, smime = ctypes.CDLL("libnss3.so"), ctypes.CDLL("libsmime3.so")
    for function in (nss.PK11_GetInternalKeySlot, nss.CERT_GetDefaultCertDB, smime.CERT_DecodeCertFromPackage):
        function.restype = _VOID
    if nss.NSS_InitReadWrite(f"sql:{folder}".encode()):
        raise ValueError("NSS does not open its database")
    slot = _VOID(nss.PK11_GetInternalKeySlot())
    if nss.PK11_InitPin(slot, None, b""):
        raise ValueError("NSS does not begin its database")
    for number, der in enumerate(roots):
        certificate = _VOID(smime.CERT_DecodeCertFromPackage(der, len(der)))
        if not certificate or nss.PK11_ImportCert(slot, certificate, ctypes.c_ulong(0), b"root %d" % number, 0):
            raise ValueError("NSS does not take a certificate")
        flags = (ctypes.c_uint * 3)()  # CERTCertTrust: servers, mail, code
        if nss.CERT_DecodeTrustString(flags, b"C,,") or nss.CERT_ChangeCertTrust(
            _VOID(nss.CERT_GetDefaultCertDB()), certificate, flags
        ):
            raise ValueError("NSS does not trust a certificate")
        nss.CERT_DestroyCertificate(certificate)
    nss.PK11_FreeSlot(slot)
    if nss.NSS_Shutdown():
        raise ValueError("NSS does not end")


def roots_of(pem: str) -> list[bytes]:
    """The certificates of a PEM file, as DER. Raises ValueError when there is none."""
    found = [ssl.PEM_cert_to_DER_cert(block) for block in _PEM.findall(pem)]
    if not found:
        raise ValueError("there is no certificate in it")
    return found


if __name__ == "__main__":
    make(Path(sys.argv[1]) / ".pki" / "nssdb", roots_of(sys.stdin.read()))
