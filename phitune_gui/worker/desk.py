"""The data desk's loop: one JSON request per line in, one JSON reply per line out, never a trace-back."""

import json
import os
import sys
import time
from typing import Any, BinaryIO

from pydantic import BaseModel, ValidationError

from phitune_gui.core.problem import CannotStart, Problem
from phitune_gui.data.adapter_folder.start import START_OPERATIONS
from phitune_gui.data.desk import OPERATIONS
from phitune_gui.store.models import MODEL_OPERATIONS

MEMORY_LIMIT_BYTES = 6 * 1024**3
SAY_SECONDS = 0.2
_ALL = {**OPERATIONS, **MODEL_OPERATIONS, **START_OPERATIONS}


def serve(requests: BinaryIO) -> int:
    """Answer until the other side closes; libraries that print cannot disturb the replies."""
    _limit_memory()
    replies = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    for line in requests:
        _write(replies, _reply(line, replies))
    return 0


def _write(replies: BinaryIO, reply: bytes) -> None:
    replies.write(reply + b"\n")
    replies.flush()


class _Progress:
    """Says how far an answer is, a few times a second; these lines come before the reply."""

    def __init__(self, replies: BinaryIO, id: int) -> None:
        self._replies, self._id, self._said = replies, id, time.monotonic()

    def tell(self, share: float, rows: int) -> None:
        """So much of it is done."""
        if time.monotonic() - self._said >= SAY_SECONDS:
            self._said = time.monotonic()
            _write(self._replies, json.dumps({"id": self._id, "progress": [share, rows]}).encode())


def _reply(line: bytes, replies: BinaryIO) -> bytes:
    request: dict[str, Any] = json.loads(line)
    reply: dict[str, Any] = {"id": request["id"]}
    try:
        operation = _ALL[request["operation"]]
        asked = operation.request.model_validate(request["fields"])
        result = operation.answer(asked, _Progress(replies, request["id"]).tell) if operation.tells else operation.answer(asked)
        reply["result"] = _plain(result)
    except CannotStart as refusal:
        reply["problem"] = refusal.problem.model_dump(mode="json")
    except Exception as error:  # noqa: BLE001  a stranger's file must not end the desk
        reply["problem"] = _unexpected(request["operation"], error).model_dump(mode="json")
    return json.dumps(reply).encode()


def _plain(result: BaseModel | tuple[BaseModel, ...] | list[BaseModel]) -> Any:
    if isinstance(result, BaseModel):
        return result.model_dump(mode="json")
    return [item.model_dump(mode="json") for item in result]


def _unexpected(operation: str, error: Exception) -> Problem:
    if isinstance(error, MemoryError):
        return Problem(where=operation, what="The file needs more memory than reading it may take.", how_to_fix="Split it into parts.")
    what = error.errors()[0]["msg"] if isinstance(error, ValidationError) else f"{type(error).__name__}: {error}"
    return Problem(
        where=operation, what=f"The file could not be understood ({what}).", how_to_fix="Try another file, or report this one to PhiTune."
    )


def _limit_memory() -> None:
    """Bombs end in a sentence instead of a machine that swaps; only where the system knows such limits."""
    if sys.platform == "linux":
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_LIMIT_BYTES, MEMORY_LIMIT_BYTES))
