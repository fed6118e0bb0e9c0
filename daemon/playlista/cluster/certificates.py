"""Makes the certificates of a cluster: an authority of its own, and one certificate for each part, signed by it.

Input: a folder, and how long they hold. Output: files in it, keys readable by their owner alone. An authority that is
there already signs the new ones, so that members can be added or renewed; what is there is never replaced.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from playlista.errors import PlaylistaError

if TYPE_CHECKING:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
    from cryptography.x509 import Certificate

PARTS = ("scheduler", "worker", "daemon")
#: Clocks of machines differ, by hours where one takes local time for UTC; a certificate holds from before it was made.
SKEW = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class _Signed:
    certificate: Certificate
    key: EllipticCurvePrivateKey


def make_certificates(folder: Path, *, days: int) -> list[Path]:
    """Make what is missing in `folder`; the files that were made.

    Raises
    ------
    PlaylistaError : cryptography is not installed, or the folder cannot be written.
    """
    try:
        import cryptography  # noqa: F401, PLC0415 - only where certificates are made
    except ImportError as error:
        raise PlaylistaError(
            "the package cryptography is not installed, which makes certificates; install playlista[dask]"
        ) from error
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return _made(folder, timedelta(days=days))
    except OSError as error:
        raise PlaylistaError(
            f"{error.filename or folder}: cannot be written ({error.strerror}); name another folder"
        ) from error
    except (ValueError, TypeError) as error:  # TypeError: a key with a password
        raise PlaylistaError(
            f"{folder}: ca.pem and ca.key are no certificate and key of ours; name another folder"
        ) from error


def _made(folder: Path, lasting: timedelta) -> list[Path]:
    made = []
    authority = _loaded(folder)
    if authority is None:
        authority = _issue("Playlista cluster", None, lasting)
        made += _write(folder, "ca", authority)
    for part in PARTS:
        if not _is_there(folder, part):
            made += _write(folder, part, _issue(f"Playlista {part}", authority, lasting))
    return made


def _is_there(folder: Path, name: str) -> bool:
    """Whether certificate and key are there; one without the other is of no use, and not ours to replace."""
    missing = [file for file in (f"{name}.pem", f"{name}.key") if not (folder / file).exists()]
    if len(missing) != 1:
        return not missing
    (other,) = {f"{name}.pem", f"{name}.key"} - set(missing)
    both_anew = f"put it back, or remove {other} to have both made anew"
    remedy = "put it back, or name another folder" if name == "ca" else both_anew
    raise PlaylistaError(f"{folder / missing[0]}: is missing, {other} is there; {remedy}")


def _loaded(folder: Path) -> _Signed | None:
    from cryptography import x509  # noqa: PLC0415 - only where certificates are made
    from cryptography.hazmat.primitives.asymmetric import ec  # noqa: PLC0415
    from cryptography.hazmat.primitives.serialization import load_pem_private_key  # noqa: PLC0415

    if not _is_there(folder, "ca"):
        return None
    key = load_pem_private_key((folder / "ca.key").read_bytes(), None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise ValueError("its key is of another kind")  # noqa: TRY004 - of a file, not of an argument
    return _Signed(x509.load_pem_x509_certificate((folder / "ca.pem").read_bytes()), key)


def _issue(name: str, authority: _Signed | None, lasting: timedelta) -> _Signed:
    """A certificate for a new key, signed by the authority, or by itself where it is the authority."""
    from cryptography import x509  # noqa: PLC0415
    from cryptography.hazmat.primitives import hashes  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric import ec  # noqa: PLC0415

    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    signer = authority.key if authority else key
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(authority.certificate.subject if authority else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - SKEW)
        .not_valid_after(now + lasting)
        .add_extension(x509.BasicConstraints(ca=authority is None, path_length=0 if authority is None else None), True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), False)
        .add_extension(_usage(is_authority=authority is None), True)
    )
    return _Signed(builder.sign(signer, hashes.SHA256()), key)


def _usage(*, is_authority: bool) -> x509.KeyUsage:
    from cryptography import x509  # noqa: PLC0415

    return x509.KeyUsage(
        digital_signature=not is_authority,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=is_authority,
        crl_sign=is_authority,
        encipher_only=False,
        decipher_only=False,
    )


def _write(folder: Path, name: str, signed: _Signed) -> list[Path]:
    from cryptography.hazmat.primitives import serialization  # noqa: PLC0415

    key = signed.key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    files = {
        f"{name}.key": (key, 0o600),
        f"{name}.pem": (signed.certificate.public_bytes(serialization.Encoding.PEM), 0o644),
    }
    for file, (text, mode) in files.items():
        descriptor = os.open(folder / file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(text)
    return [folder / file for file in files]
