"""Recognize the kind of a file and send its content: text or binary, JSON or raw, one file or an archive."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from pathlib import PurePosixPath

from azure_devops_simulator.api.call import Answer, Call
from azure_devops_simulator.api.errors import ArgumentError
from azure_devops_simulator.state.values import JsonObject

_IMAGES = {
    "bmp": "image/bmp",
    "gif": "image/gif",
    "ico": "image/x-icon",
    "jpeg": "image/jpeg",
    "jpg": "image/jpeg",
    "png": "image/png",
    "svg": "image/svg+xml",
    "tif": "image/tiff",
    "tiff": "image/tiff",
    "webp": "image/webp",
}
_FORMATS = {"json": "json", "text": "text", "octetstream": "octetStream", "zip": "zip"}
_LFS_POINTER = b"version https://git-lfs.github.com/spec/v1"
_BINARY_PROBE = 8000
_UTF8, _WESTERN = 65001, 1252
_ZIP_DATE = (2026, 1, 1, 0, 0, 0)
_LARGE_IN_ZIP = 1024 * 1024


def is_binary(content: bytes) -> bool:
    """Return whether git would call a file binary: a zero byte near its start."""
    return b"\0" in content[:_BINARY_PROBE]


def content_metadata(path: str, content: bytes) -> JsonObject:
    """Return the `contentMetadata` of a file. Its encoding is a Windows code page."""
    name = PurePosixPath(path)
    image = _image_type(path)
    binary = is_binary(content)
    metadata: JsonObject = {"contentType": image or ("application/octet-stream" if binary else "text/plain")}
    if binary:
        metadata |= {"encoding": -1, "isBinary": True}
    else:
        metadata["encoding"] = _UTF8 if _decodes(content) else _WESTERN
    if image:
        metadata["isImage"] = True
    return {**metadata, "fileName": name.name, "extension": name.suffix.removeprefix(".")}


def _image_type(path: str) -> str | None:
    return _IMAGES.get(PurePosixPath(path).suffix.removeprefix(".").lower())


def _decodes(content: bytes) -> bool:
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def text_of(content: bytes) -> str:
    """Return a file's text in the encoding `content_metadata` names."""
    return content.decode("utf-8") if _decodes(content) else content.decode("cp1252", "replace")


def wanted_format(call: Call) -> str:
    """Return the representation that `$format` or else the Accept header asks for, or "" for no preference."""
    if named := call.query.text("$format"):
        if named.lower() not in _FORMATS:
            raise ArgumentError(f"The format '{named}' is not supported.", "$format")
        return _FORMATS[named.lower()]
    accept = call.headers.get("accept", "").lower()
    for part, kind in (
        ("application/json", "json"),
        ("text/plain", "text"),
        ("application/octet-stream", "octetStream"),
        ("application/zip", "zip"),
    ):
        if part in accept:
            return kind
    return ""


def refuse_pointer(call: Call, content: bytes) -> None:
    """Refuse to resolve a pointer to a large file.

    The simulator stores no large files. The text of the service for a pointer without its file is not known.
    """
    if call.query.flag("resolveLfs") and content.startswith(_LFS_POINTER):
        raise ArgumentError("The large file that this pointer names is not available.", "resolveLfs")


def raw_answer(call: Call, path: str, content: bytes, kind: str) -> Answer:
    """Return a file as it is. Without a wish it is an image by its name, or text or a byte stream by what it holds."""
    image = _image_type(path)
    sanitized = call.query.flag("sanitize") and image == _IMAGES["svg"]
    if sanitized or not kind:
        kind = "image" if image else "octetStream" if is_binary(content) else "text"
    headers = {}
    if call.query.flag("download"):
        headers["Content-Disposition"] = f'attachment; filename="{PurePosixPath(path).name}"'
    content_type = {"octetStream": "application/octet-stream", "image": image or ""}.get(kind, "text/plain")
    return Answer(body=content, headers=headers, content_type=content_type)


def zip_answer(name: str, files: Mapping[str, bytes], modes: Mapping[str, int] | None = None) -> Answer:
    """Return files as a zip archive that is the same every time, with the modes of the files if they are given.

    Large files are not compressed, because that would take seconds for each request.
    """
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, content in files.items():
            entry = zipfile.ZipInfo(path.lstrip("/"), _ZIP_DATE)
            entry.create_system = 3 if modes else 0
            entry.external_attr = (modes or {}).get(path, 0) << 16
            large = len(content) > _LARGE_IN_ZIP
            archive.writestr(entry, content, zipfile.ZIP_STORED if large else zipfile.ZIP_DEFLATED)
    headers = {"Content-Disposition": f'attachment; filename="{name}.zip"'}
    return Answer(body=buffer.getvalue(), headers=headers, content_type="application/octet-stream")


def blob_answer(call: Call, content: bytes, name: str, shape: JsonObject) -> Answer:
    """Return a blob in the requested representation."""
    refuse_pointer(call, content)
    kind = wanted_format(call)
    if kind == "json":
        return Answer(body=shape)
    if kind == "zip":
        return zip_answer(name, {name: content})
    return raw_answer(call, name, content, kind)
