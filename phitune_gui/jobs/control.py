"""Requests to a working process: one line each in the control file of its folder."""

import secrets
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from phitune_gui.core.job import AskRequest, Request, StopRequest, request_to_json
from phitune_gui.core.messages import Message
from phitune_gui.core.names import CONTROL_FILE
from phitune_gui.files.lines import LineAppender
from phitune_gui.jobs.worker_file import stop_by_signal

Word = Literal["stop", "pause", "save", "sample", "kill", "cancel"]


def send(folder: Path, request: Word, request_id: str | None = None) -> str:
    """Ask the worker of `folder` for something; returns the id that its acknowledgement carries. Raises OSError.

    Where there is no room for the line, a stop is asked for by a signal, which the worker takes for the same and does not acknowledge.
    """
    wanted = StopRequest(request=request, id=request_id or _new_id(), at=time.time())
    try:
        return _append(folder, wanted)
    except OSError:
        if request == "stop" and stop_by_signal(folder):
            return wanted.id
        raise


def ask(
    folder: Path,
    messages: Sequence[Message],
    max_new_tokens: int = 256,
    temperature: float = 0.0,
    top_p: float = 1.0,
    seed: int = 0,
) -> str:
    """Ask the chat worker of `folder` to answer; returns the id that its text carries."""
    request = AskRequest(
        id=_new_id(), at=time.time(), messages=tuple(messages), max_new_tokens=max_new_tokens,
        temperature=temperature, top_p=top_p, seed=seed,
    )  # fmt: skip
    return _append(folder, request)


def _append(folder: Path, request: Request) -> str:
    appender = LineAppender(folder / CONTROL_FILE)
    try:
        appender.append(request_to_json(request).encode() + b"\n")
    finally:
        appender.close()
    return request.id


def _new_id() -> str:
    return secrets.token_hex(8)
