"""Stored files and what their first bytes say about them."""

from __future__ import annotations

import hashlib
import mimetypes
import struct
from dataclasses import dataclass
from typing import Any

from sandbox.errors import TOO_LARGE, bad

UPLOAD_LIMIT = 50 * 1024 * 1024
PHOTO_LIMIT = 10 * 1024 * 1024
DOWNLOAD_LIMIT = 20 * 1024 * 1024


@dataclass(slots=True)
class Upload:
    """A file part of a request."""

    name: str
    content: bytes
    mime_type: str | None = None

    def described(self) -> dict[str, Any]:
        return {"file_name": self.name, "file_size": len(self.content)}


@dataclass(slots=True)
class StoredFile:
    file_id: str
    unique_id: str
    path: str
    name: str
    mime_type: str
    content: bytes
    kind: str
    size: tuple[int, int] | None = None

    def as_document(self) -> dict[str, Any]:
        return {
            "file_name": self.name,
            "mime_type": self.mime_type,
            "file_id": self.file_id,
            "file_unique_id": self.unique_id,
            "file_size": len(self.content),
        }

    def as_photo(self) -> list[dict[str, Any]]:
        width, height = self.size or (1, 1)
        size = {
            "file_id": self.file_id,
            "file_unique_id": self.unique_id,
            "file_size": len(self.content),
            "width": width,
            "height": height,
        }
        return [size]

    def as_media(self) -> dict[str, Any]:
        """The part of a Message that carries this file."""
        return {"photo": self.as_photo()} if self.kind == "photo" else {"document": self.as_document()}


class Files:
    def __init__(self) -> None:
        self.by_id: dict[str, StoredFile] = {}
        self.by_path: dict[str, StoredFile] = {}

    def keep(self, kind: str, upload: Upload) -> StoredFile:
        """`kind` is photo or document; checks size and, for a photo, that it is a picture."""
        if not upload.content:
            raise bad("file must be non-empty")
        if len(upload.content) > (PHOTO_LIMIT if kind == "photo" else UPLOAD_LIMIT):
            raise TOO_LARGE
        return self.keep_any(kind, upload)

    def keep_any(self, kind: str, upload: Upload) -> StoredFile:
        """As `keep`, without the limits for bots: people may send larger documents."""
        size = None
        mime_type = upload.mime_type or mimetypes.guess_type(upload.name)[0] or "application/octet-stream"
        if kind == "photo":
            mime_type, size = _photo(upload.content)
        number = len(self.by_id) + 1
        digest = hashlib.sha256(upload.content).hexdigest()
        prefix = "AgAC" if kind == "photo" else "BQAC"
        suffix = mimetypes.guess_extension(mime_type) or ""
        name = upload.name or f"file_{number}{suffix}"
        if kind == "document" and "." in name:
            suffix = "." + "".join(c for c in name.rsplit(".", 1)[1] if c.isalnum())[:10]
        stored = StoredFile(
            file_id=f"{prefix}{number:08d}{digest[:40]}",
            unique_id=f"{prefix[:2]}{digest[:14]}",
            path=f"{kind}s/file_{number}{suffix}",
            name=name,
            mime_type=mime_type,
            content=upload.content,
            kind=kind,
            size=size,
        )
        self.by_id[stored.file_id] = self.by_path[stored.path] = stored
        return stored

    def find(self, file_id: str) -> StoredFile:
        if (stored := self.by_id.get(file_id)) is None:
            raise bad("wrong file identifier/HTTP URL specified")
        return stored


def _photo(content: bytes) -> tuple[str, tuple[int, int]]:
    found = picture(content)
    if found is None:
        raise bad("IMAGE_PROCESS_FAILED")
    width, height = found[1]
    if width + height > 10_000 or max(width, height) > 20 * min(width, height):
        raise bad("PHOTO_INVALID_DIMENSIONS")
    return found


def picture(content: bytes) -> tuple[str, tuple[int, int]] | None:
    """Media type and (width, height) of a PNG, JPEG, GIF or WebP; None for anything else."""
    if content.startswith(b"\x89PNG\r\n\x1a\n") and len(content) >= 24:
        width, height = struct.unpack(">II", content[16:24])
        kind = "image/png"
    elif content[:6] in (b"GIF87a", b"GIF89a") and len(content) >= 10:
        width, height = struct.unpack("<HH", content[6:10])
        kind = "image/gif"
    elif content[:4] == b"RIFF" and content[8:12] == b"WEBP" and len(content) >= 30:
        width, height = _webp(content)
        kind = "image/webp"
    elif content[:3] == b"\xff\xd8\xff":
        width, height = _jpeg(content)
        kind = "image/jpeg"
    else:
        return None
    return (kind, (width, height)) if width > 0 and height > 0 else None


def _webp(content: bytes) -> tuple[int, int]:
    form = content[12:16]
    if form == b"VP8X":
        return 1 + int.from_bytes(content[24:27], "little"), 1 + int.from_bytes(content[27:30], "little")
    if form == b"VP8L":
        bits = int.from_bytes(content[21:25], "little")
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    width, height = struct.unpack("<HH", content[26:30])
    return width & 0x3FFF, height & 0x3FFF


def _jpeg(content: bytes) -> tuple[int, int]:
    """Walk the segments to the frame header."""
    at = 2
    while at + 9 <= len(content) and content[at] == 0xFF:
        marker = content[at + 1]
        if marker == 0xFF:
            at += 1
            continue
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack(">HH", content[at + 5 : at + 9])
            return width, height
        at += 2 + int.from_bytes(content[at + 2 : at + 4], "big")
    return 0, 0
