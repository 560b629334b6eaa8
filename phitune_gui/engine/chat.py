"""Loads a model, a run or an export once and answers questions until it is told to stop; text streams as it is made."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from phitune_gui.catalog.formats.dataset_format import BadRow
from phitune_gui.core.events import Acknowledged, AnswerFinished, JobFinished, StageBegan, TextGenerated
from phitune_gui.core.job import AskRequest, ChatJob, Request
from phitune_gui.data.tokens import ChatTokenizer
from phitune_gui.engine.reporting import Reporter
from phitune_gui.engine.speakers import Speaker, load_speaker

POLL_SECONDS = 0.02
PIECE_SECONDS = 0.05
"""Text is sent at most this often: twenty pieces a second look fluent and cost nothing."""


def run_chat(job: ChatJob, reporter: Reporter) -> JobFinished:
    """Answer every `ask` request, one after the other. Raises CannotStart when the source cannot be loaded."""
    reporter.emit(StageBegan(stage="loading", detail=Path(job.source).name))
    speaker = load_speaker(job)
    reporter.emit(StageBegan(stage="ready", detail=speaker.name))
    waiting: list[Request] = []
    while True:
        waiting += reporter.poll()
        while waiting:
            request = waiting.pop(0)
            if isinstance(request, AskRequest):
                ended = _Answer(speaker, request, reporter, waiting).give()
                if ended:
                    return JobFinished(stopped_early=True)
            elif request.request in ("stop", "pause"):
                reporter.emit(Acknowledged(id=request.id, request=request.request))
                return JobFinished()
        time.sleep(POLL_SECONDS)


class _Spoken(NamedTuple):
    """How an answer went: tokens made, seconds to the first one and for all, why it ended."""

    tokens: int
    first: float
    seconds: float
    ended_by: str


class _Answer:
    """One answer on its way; requests that come meanwhile are kept in `waiting`, a cancel or stop ends the answer."""

    def __init__(self, speaker: Speaker, request: AskRequest, reporter: Reporter, waiting: list[Request]) -> None:
        self._speaker = speaker
        self._request = request
        self._reporter = reporter
        self._waiting = waiting
        self._stopping = False

    def give(self) -> bool:
        """Stream the answer; True when the whole chat was asked to stop meanwhile."""
        request = self._request
        try:
            ids = self._speaker.tokenizer.prompt_ids(request.messages)
        except BadRow as refused:
            self._finish(_Spoken(0, 0.0, 0.0, "failed"), f"{refused} {refused.fix}")
            return False
        room = self._speaker.context - len(ids)
        if room < 1:
            message = f"The conversation is {len(ids)} tokens long and this model reads {self._speaker.context}. Start a new one."
            self._finish(_Spoken(0, 0.0, 0.0, "failed"), message)
            return False
        self._finish(self._stream(self._speaker.speak(ids, request, min(request.max_new_tokens, room))))
        return self._stopping

    def _stream(self, ids: Iterator[int]) -> _Spoken:
        text = _Growing(self._speaker.tokenizer)
        began = sent = time.perf_counter()
        first, count, ended_by = 0.0, 0, "length"
        for id in ids:
            count += 1
            first = first or time.perf_counter() - began
            if id in self._speaker.tokenizer.end_ids:
                ended_by = "stop token"
                break
            text.add(id)
            if time.perf_counter() - sent >= PIECE_SECONDS:
                self._send(text.take())
                sent = time.perf_counter()
            if self._called_off():
                ended_by = "cancelled"
                break
        self._send(text.take(last=True))
        return _Spoken(count, first, time.perf_counter() - began, ended_by)

    def _called_off(self) -> bool:
        """Follow every request that came, also those that came together with this question; questions go on waiting."""
        came = [*self._waiting, *self._reporter.poll()]
        self._waiting[:] = [request for request in came if isinstance(request, AskRequest)]
        words = [request for request in came if not isinstance(request, AskRequest)]
        for request in words:
            self._reporter.emit(Acknowledged(id=request.id, request=request.request))
            self._stopping = self._stopping or request.request in ("stop", "pause")
        return self._stopping or any(request.request == "cancel" for request in words)

    def _send(self, text: str) -> None:
        if text:
            self._reporter.emit(TextGenerated(id=self._request.id, text=text))

    def _finish(self, spoken: _Spoken, message: str = "") -> None:
        after_first = spoken.seconds - spoken.first
        speed = (spoken.tokens - 1) / after_first if spoken.tokens > 1 and after_first > 0 else 0.0
        self._reporter.emit(
            AnswerFinished(
                id=self._request.id, tokens=spoken.tokens, first_token_seconds=spoken.first, tokens_per_second=speed,
                ended_by=spoken.ended_by, message=message,
            )
        )  # fmt: skip


class _Growing:
    """Text of tokens as they come; a letter that is only half there (several tokens make one) waits for its rest."""

    def __init__(self, tokenizer: ChatTokenizer) -> None:
        self._tokenizer = tokenizer
        self._ids: list[int] = []
        self._taken = 0

    def add(self, id: int) -> None:
        """One more token."""
        self._ids.append(id)

    def take(self, last: bool = False) -> str:
        """The text since the last call. All ids are decoded together, because a word's space belongs to its first token."""
        text = self._tokenizer.decode(self._ids)
        if text.endswith("\N{REPLACEMENT CHARACTER}") and not last:
            return ""
        new, self._taken = text[self._taken :], len(text)
        return new
