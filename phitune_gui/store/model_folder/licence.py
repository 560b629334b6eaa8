"""The licence that a model folder states: in the heading of its README.md, else in the first lines of its LICENSE file."""

import re
from contextlib import suppress
from pathlib import Path

NOT_STATED = "not stated"
_HEAD_BYTES = 4096
_NAMES = {"mit": "MIT", "apache-2.0": "Apache-2.0", "cc-by-4.0": "CC-BY-4.0", "bsd-3-clause": "BSD-3-Clause"}
_README_LINE = re.compile(r"^license:\s*['\"]?([A-Za-z0-9.+-]{2,40})['\"]?\s*$", re.MULTILINE)


def read_licence(folder: Path) -> str:
    """`MIT`, `Apache-2.0`, another name as written, or `not stated`."""
    heading = _head(folder / "README.md")
    stated = _README_LINE.search(heading.split("\n---", 1)[0]) if heading.startswith("---") else None
    if stated:
        return _NAMES.get(stated[1].lower(), stated[1])
    words = _head(folder / "LICENSE") or _head(folder / "LICENSE.txt")
    if "MIT License" in words or "Permission is hereby granted, free of charge" in words:
        return "MIT"
    return "Apache-2.0" if "Apache License" in words and "Version 2.0" in words else NOT_STATED


def _head(path: Path) -> str:
    with suppress(OSError):
        if path.is_file():
            with path.open("rb") as file:
                return file.read(_HEAD_BYTES).decode("utf-8", "replace")
    return ""
