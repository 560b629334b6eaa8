"""YAML as PhiTune reads and writes it: plain data, safe, small, no duplicate keys, errors with their line."""

import io
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from phitune_gui.core.problem import CannotStart

MAX_BYTES = 1_000_000


def read_yaml(path: Path, what: str) -> dict[str, Any]:
    """The mapping in the file at `path`; `what` names the file in sentences, as in "recipe". Raises CannotStart."""
    try:
        size = path.stat().st_size
        text = path.read_text("utf-8") if size <= MAX_BYTES else ""
    except UnicodeDecodeError as error:
        raise _refuse(path, f"{path.name} is not a text file.", what) from error
    except OSError as error:
        reason = "there is no such file" if isinstance(error, FileNotFoundError) else (error.strerror or "it cannot be read").lower()
        raise CannotStart(str(path), f"The {what} {path} cannot be opened: {reason}.", "Check the path.") from error
    if size > MAX_BYTES:
        raise _refuse(path, f"{path.name} is larger than a {what} can be.", what)
    return parse_yaml(text, path, what)


def parse_yaml(text: str, path: Path, what: str) -> dict[str, Any]:
    """Like `read_yaml`, of text that came from `path`."""
    try:
        document = _yaml().load(text)
    except MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise _refuse(path, f"Line {line} of {path.name} is not valid YAML: {error.problem}.", what, line) from error
    except (YAMLError, ValueError, RecursionError) as error:
        raise _refuse(path, f"{path.name} is not valid YAML.", what) from error
    if not isinstance(document, dict):
        raise _refuse(path, f"{path.name} is not a {what}: it holds no settings.", what)
    return document


def dump_yaml(document: Any) -> str:
    """The document as YAML text, keys in the given order."""
    buffer = io.StringIO()
    yaml = YAML(typ="rt")
    yaml.width = 120
    yaml.dump(document, buffer)
    return buffer.getvalue()


def _yaml() -> YAML:
    yaml = YAML(typ="safe", pure=True)
    yaml.max_depth = 32
    return yaml


def _refuse(path: Path, what_happened: str, what: str, line: int | None = None) -> CannotStart:
    return CannotStart(f"{path}:{line}" if line else str(path), what_happened, f"Open a {what} that PhiTune wrote, or mend the file.")
