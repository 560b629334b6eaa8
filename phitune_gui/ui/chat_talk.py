"""Questions and answers one after the other through the one chat worker, also when several models answer the same question."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, NamedTuple

from PySide6.QtCore import QObject, Signal

from phitune_gui.core.events import AnswerFinished
from phitune_gui.core.messages import Message
from phitune_gui.ui.session import Session

Kind = Literal["model", "run", "export"]


class Source(NamedTuple):
    """Who can be asked."""

    label: str
    path: str
    kind: Kind


@dataclass(eq=False)
class Turn:
    """One question to one source, and what has come back so far."""

    source: Source
    question: str
    id: str = ""
    text: str = ""
    finished: AnswerFinished | None = None
    failure: str = ""


@dataclass
class AskOptions:
    """How answers are made; the same for every source."""

    system: str = ""
    max_new_tokens: int = 256
    temperature: float = 0.0
    seed: int = 0

    def asked(self) -> dict[str, Any]:
        """The options of an ask request."""
        return {"max_new_tokens": self.max_new_tokens, "temperature": self.temperature, "seed": self.seed}


@dataclass
class _Line:
    """The turns that wait, and the one that is being answered."""

    waiting: list[Turn] = field(default_factory=list)
    current: Turn | None = None


class ChatTalk(QObject):
    """Loads whoever is asked next; each source remembers its own conversation. Emits `changed` with a turn."""

    changed = Signal(object)
    busy_changed = Signal()

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._line = _Line()
        self._said: dict[str, list[Message]] = {}
        self.options = AskOptions()
        session.chat_changed.connect(self._chat_changed)
        session.answer_streamed.connect(self._streamed)
        session.answer_finished.connect(self._finished)

    @property
    def busy(self) -> bool:
        """Whether a question waits for an answer."""
        return self._line.current is not None

    @property
    def current(self) -> Turn | None:
        """The turn that is being answered now."""
        return self._line.current

    def ask(self, question: str, sources: list[Source]) -> list[Turn]:
        """Puts the same question to each source, one after the other."""
        turns = [Turn(source, question) for source in sources]
        self._line.waiting += turns
        self._next()
        return turns

    def stop(self) -> None:
        """Ends the answer that is being given and forgets the questions that wait; what was said so far stays."""
        waiting, self._line.waiting = self._line.waiting, []
        for turn in waiting:
            self._fail(turn, self.tr("Not asked."))
        current = self._line.current
        if current is not None and current.id:
            self._session.cancel_answer()
        elif current is not None:
            self._session.close_chat()
            self._end(current, self.tr("Stopped before the model was loaded."))

    def forget(self) -> None:
        """Begins every conversation anew."""
        self._said = {}

    def _next(self) -> None:
        if self._line.current is None and self._line.waiting:
            turn = self._line.current = self._line.waiting.pop(0)
            self.busy_changed.emit()
            if self._loaded(turn) and self._session.chat_state == "ready":
                self._send(turn)
            elif not (self._loaded(turn) and self._session.chat_state == "loading"):
                self._session.open_chat(turn.source.path, turn.source.kind)

    def _send(self, turn: Turn) -> None:
        system = [Message(role="system", content=self.options.system)] if self.options.system.strip() else []
        earlier = self._said.get(turn.source.path, [])
        messages = [*system, *earlier, Message(role="user", content=turn.question)]
        turn.id = self._session.ask(messages, **self.options.asked())

    def _loaded(self, turn: Turn) -> bool:
        return self._session.chat_source != "" and Path(self._session.chat_source) == Path(turn.source.path)

    def _chat_changed(self) -> None:
        turn, state = self._line.current, self._session.chat_state
        if turn is None or not self._loaded(turn):
            return
        if state == "ready" and not turn.id:
            self._send(turn)
        elif state == "failed":
            self._end(turn, self._session.chat_message or self.tr("The model could not answer."))
        elif state == "idle" and turn.id:
            self._end(turn, self.tr("The model was closed before the answer was complete."))
        else:
            self.busy_changed.emit()

    def _streamed(self, id: str, text: str) -> None:
        turn = self._line.current
        if turn is not None and turn.id == id:
            turn.text += text
            self.changed.emit(turn)

    def _finished(self, event: AnswerFinished) -> None:
        turn = self._line.current
        if turn is None or turn.id != event.id:
            return
        turn.finished = event
        if event.ended_by == "failed":
            self._end(turn, event.message or self.tr("The answer failed."))
            return
        said = self._said.setdefault(turn.source.path, [])
        said += [Message(role="user", content=turn.question), Message(role="assistant", content=turn.text)]
        self._end(turn, "")

    def _end(self, turn: Turn, failure: str) -> None:
        self._line.current = None
        if failure:
            self._fail(turn, failure)
        else:
            self.changed.emit(turn)
        self.busy_changed.emit()
        self._next()

    def _fail(self, turn: Turn, failure: str) -> None:
        turn.failure = failure
        self.changed.emit(turn)
