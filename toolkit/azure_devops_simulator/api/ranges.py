"""Send the part of an answer that a request asks for with `Range` (RFC 9110, section 14)."""

from __future__ import annotations

import re
from dataclasses import replace
from hashlib import sha256

from azure_devops_simulator.api.call import Answer, Call

_RANGE = re.compile(r"bytes=(\d*)-(\d*)", re.IGNORECASE)


def send_range(call: Call, answer: Answer) -> Answer:
    """Return the wanted part of an answer of bytes with 206, or 416 if it has none of them.

    As the standard allows, several ranges and what cannot be read get the whole answer, and so does a request whose
    `If-Range` names another version.
    """
    if answer.status != 200 or not isinstance(answer.body, bytes):
        return answer
    tag = f'"{sha256(answer.body).hexdigest()[:32]}"'
    whole = replace(answer, headers={**answer.headers, "Accept-Ranges": "bytes", "ETag": tag})
    wanted = _RANGE.fullmatch(call.headers.get("range", "").replace(" ", ""))
    if wanted is None or wanted[0] == "bytes=-" or call.method != "GET" or call.headers.get("if-range", tag) != tag:
        return whole
    size, first, last = len(answer.body), wanted[1], wanted[2]
    start = int(first) if first else max(0, size - int(last))
    end = min(size, int(last) + 1) if first and last else size
    if first and last and int(last) < int(first):
        return whole
    if start >= size:
        return replace(whole, status=416, body=None, headers={**whole.headers, "Content-Range": f"bytes */{size}"})
    headers = {**whole.headers, "Content-Range": f"bytes {start}-{end - 1}/{size}"}
    return replace(whole, status=206, body=answer.body[start:end], headers=headers)
