"""YAML as PhiTune reads and writes it: plain data, safe, small, no duplicate keys, no aliases, errors with their line."""

import io
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.composer import Composer, ComposerError
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import AliasEvent
from ruamel.yaml.scanner import Scanner

from phitune_gui.core.problem import CannotStart

MAX_BYTES = 1_000_000
MAX_VALUES = 20_000
_DEEPEST = 32


def read_yaml(path: Path, what: str, max_bytes: int = MAX_BYTES, max_values: int = MAX_VALUES) -> dict[str, Any]:
    """The mapping in the file at `path`; `what` names the file in sentences, as in "recipe". Raises CannotStart.

    `max_values` counts names and values: reading takes time by them, about 30 microseconds each.
    """
    try:
        if path.exists() and not path.is_file():
            raise CannotStart(str(path), f"The {what} {path} cannot be opened: it is no file.", "Check the path.")
        with path.open("rb") as file:
            content = file.read(max_bytes + 1)
    except (OSError, ValueError) as error:
        reason = "there is no such file" if isinstance(error, FileNotFoundError) else _reason(error)
        raise CannotStart(str(path), f"The {what} {path} cannot be opened: {reason}.", "Check the path.") from error
    if len(content) > max_bytes:
        raise _refuse(path, f"{path.name} is larger than a {what} can be ({max_bytes // 1000} kB).", what)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _refuse(path, f"{path.name} is not a text file.", what) from error
    return parse_yaml(text, path, what, max_values)


def parse_yaml(text: str, path: Path, what: str, max_values: int = MAX_VALUES) -> dict[str, Any]:
    """Like `read_yaml`, of text that came from `path`."""
    try:
        document = _yaml(max_values).load(text)
    except _Refused as error:
        line = error.problem_mark.line + 1
        raise _refuse(path, f"Line {line} of {path.name} cannot be used: {error.problem}.", what, line) from error
    except MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise _refuse(path, f"Line {line} of {path.name} is not valid YAML: {error.problem}.", what, line) from error
    except (YAMLError, ValueError, RecursionError, LookupError, TypeError) as error:
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


class _Refused(ComposerError):
    """Valid YAML that PhiTune does not take."""


class _Shallow(Scanner):
    """Counts open brackets itself: `max_depth` is looked at only after a thousand of them were scanned, which takes 0.3 s."""

    def fetch_flow_collection_start(self, token: Any, to_push: str) -> None:
        if len(self.flow_context) >= _DEEPEST:
            raise _Refused(None, None, f"more than {_DEEPEST} brackets are open", self.reader.get_mark())
        super().fetch_flow_collection_start(token, to_push)


def _yaml(max_values: int) -> YAML:
    class Plain(Composer):
        """Refuses aliases, of which ten levels of ten are ten thousand million values, and counts values before it makes them."""

        values = 0

        def compose_node(self, parent: Any, index: Any) -> Any:
            event = self.parser.peek_event()
            if isinstance(event, AliasEvent) or getattr(event, "anchor", None):
                sign = "*" if isinstance(event, AliasEvent) else "&"
                raise _Refused(None, None, f"anchors and aliases ({sign}{event.anchor[:40]}) are not accepted", event.start_mark)
            if getattr(event, "tag", None):
                raise _Refused(None, None, f"tags ({event.tag[:40]}) are not accepted", event.start_mark)
            self.values += 1
            if self.values > max_values:
                raise _Refused(None, None, f"there are more than {max_values} names and values up to here", event.start_mark)
            return super().compose_node(parent, index)

    yaml = YAML(typ="safe", pure=True)
    yaml.max_depth = _DEEPEST
    yaml.Scanner = _Shallow
    yaml.Composer = Plain
    return yaml


def _reason(error: Exception) -> str:
    return ((error.strerror if isinstance(error, OSError) else "") or "it cannot be read").lower()


def _refuse(path: Path, what_happened: str, what: str, line: int | None = None) -> CannotStart:
    return CannotStart(f"{path}:{line}" if line else str(path), what_happened, f"Open a {what} that PhiTune wrote, or mend the file.")
