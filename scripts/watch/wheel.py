"""
The package's own wheel by file or URL with its hash, for a requirement that no stranger's package can satisfy.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from urllib.parse import unquote, urlsplit

from .engine import StackError

_NAME = re.compile(r"zot_ci-[^-/]+-py3-none-any\.whl")
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Wheel:
    """
    A wheel and its hash: in *file*, which is copied into the repository, or at *url*.
    """

    sha256: str
    file: Path | None = None
    url: str = ""

    @property
    def requirement(self) -> str:
        """
        The line of `requirements.txt`.
        """
        what = f"./wheels/{self.file.name}" if self.file else f"zot-ci @ {self.url}"
        return f"{what} --hash=sha256:{self.sha256}"


def chosen(where: str | None, sha256: str | None) -> Wheel:
    """
    Return the wheel at *where*, a file or a URL; if that is None, the wheel that this package was installed from.

    Args:
        sha256: the expected hash; required for a URL, which is not downloaded.

    Raises:
        StackError: there is no such file, it has another hash, or wheel or hash are not known.
    """
    if sha256 is not None and not _SHA256.fullmatch(sha256):
        msg = (
            f"--sha256 {sha256} is no SHA-256: 64 digits and letters from a to f; it is in SHA256SUMS beside the wheel"
        )
        raise StackError(msg)
    if where is None:
        where, sha256 = _own(sha256)
    if "://" not in where:
        return _of_file(Path(where), sha256)
    address = urlsplit(where)
    if address.scheme != "https" or not _NAME.fullmatch(address.path.rpartition("/")[2]) or address.username:
        msg = f"--wheel {address.hostname or where}: name a wheel of zot-ci at an https URL without credentials"
        raise StackError(msg)
    if sha256 is None:
        msg = "--wheel with a URL needs --sha256; it is in SHA256SUMS beside the wheel"
        raise StackError(msg)
    return Wheel(sha256, url=where)


def _of_file(file: Path, sha256: str | None) -> Wheel:
    if not _NAME.fullmatch(file.name):
        msg = f"{file} is no wheel of zot-ci: its name is zot_ci-<version>-py3-none-any.whl"
        raise StackError(msg)
    try:
        found = hashlib.sha256(file.read_bytes()).hexdigest()
    except OSError as exc:
        msg = f"{file} cannot be read: {exc.strerror}; name the wheel with --wheel"
        raise StackError(msg) from None
    if sha256 not in (None, found):
        msg = f"{file} is another file than was meant: its SHA-256 is {found}, and not {sha256}; get it again"
        raise StackError(msg)
    return Wheel(found, file)


def _own(sha256: str | None) -> tuple[str, str | None]:
    """
    Return the file or URL that this package was installed from, and the hash that pip recorded (PEP 610).
    """
    try:
        recorded = json.loads(distribution("zot-ci").read_text("direct_url.json") or "{}")
    except PackageNotFoundError:
        recorded = {}
    seen = recorded.get("archive_info", {}).get("hashes", {}).get("sha256")
    if seen is None:
        msg = "this zot-ci was not installed from a wheel: name one with --wheel (a file, or a URL with --sha256)"
        raise StackError(msg)
    url = str(recorded["url"])
    where = unquote(urlsplit(url).path) if url.startswith("file://") else url
    return where, sha256 or str(seen)
