"""Describe the differences of two JSON values for a reviewer."""

from collections.abc import Iterator

_LONGEST = 80


def differences(before: object, after: object, path: str = "") -> Iterator[str]:
    """Return one line for each value that is new, gone or different: `value[0].title: 'a' -> 'b'`."""
    if isinstance(before, dict) and isinstance(after, dict):
        for name in dict.fromkeys((*before, *after)):
            where = f"{path}.{name}" if path else str(name)
            if name not in after:
                yield f"{where}: {_short(before[name])} -> gone"
            elif name not in before:
                yield f"{where}: new, {_short(after[name])}"
            else:
                yield from differences(before[name], after[name], where)
    elif isinstance(before, list) and isinstance(after, list):
        for position, (old, new) in enumerate(zip(before, after, strict=False)):
            yield from differences(old, new, f"{path}[{position}]")
        if len(before) != len(after):
            yield f"{path}: {len(before)} -> {len(after)} entries"
    elif before != after or type(before) is not type(after):
        yield f"{path}: {_short(before)} -> {_short(after)}"


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."
