"""The command that talks: one question or many to a model, a run or an export."""

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from phitune_gui.catalog.exports.adapter import ADAPTER
from phitune_gui.cli.output import JobEndedBadly, say, write_json
from phitune_gui.core.events import AnswerFinished, StageBegan, TextGenerated
from phitune_gui.core.job import ChatJob
from phitune_gui.core.messages import Message
from phitune_gui.core.names import EXIT_FAILED, EXPORT_MANIFEST, RECIPE_FILE
from phitune_gui.core.problem import CannotStart
from phitune_gui.jobs.control import ask, send
from phitune_gui.jobs.desk import DataDesk
from phitune_gui.jobs.launch import start_job
from phitune_gui.jobs.questions import ask_model
from phitune_gui.jobs.supervisor import Supervisor
from phitune_gui.store.exports import read_export
from phitune_gui.store.model_folder.other_contents import refuse_non_folder
from phitune_gui.store.paths import model_folder, starter_folder
from phitune_gui.store.runs import find_run

Kind = Literal["model", "run", "export"]
STOP_SECONDS = 5.0


@dataclass(frozen=True)
class Question:
    """What is asked and how."""

    prompt: str | None
    system: str | None
    max_new_tokens: int
    temperature: float
    seed: int


@dataclass(frozen=True)
class Answer:
    """A whole answer with its figures; speed in tokens per second."""

    text: str
    finished: AnswerFinished

    def as_dict(self) -> dict[str, Any]:
        """The answer as the contract names it."""
        return {"text": self.text, **self.finished.model_dump(include={"tokens", "first_token_seconds", "tokens_per_second", "ended_by"})}


class Talk:
    """A loaded model that answers; made by `talking_to`."""

    def __init__(self, supervisor: Supervisor, source: Path) -> None:
        self._supervisor = supervisor
        self._source = str(source)

    def wait_until_ready(self) -> None:
        """Block until the model is loaded. Raises JobEndedBadly."""
        for batch in self._supervisor.follow():
            if any(isinstance(event, StageBegan) and event.stage == "ready" for event in batch):
                return
        self._raise_failure()

    def answer(self, messages: Sequence[Message], question: Question, stream: Callable[[str], None]) -> Answer:
        """The answer to the last of `messages`; pieces go to `stream` as they come. Raises JobEndedBadly."""
        identity = ask(self._supervisor.folder, messages, question.max_new_tokens, question.temperature, seed=question.seed)
        pieces: list[str] = []
        for batch in self._supervisor.follow():
            for event in batch:
                if isinstance(event, TextGenerated) and event.id == identity:
                    pieces.append(event.text)
                    stream(event.text)
                elif isinstance(event, AnswerFinished) and event.id == identity:
                    return Answer("".join(pieces), event)
        self._raise_failure()
        raise AssertionError

    def _raise_failure(self) -> None:
        failure = self._supervisor.run.failure
        if failure is None:
            raise CannotStart(self._source, "The model ended before it answered.", "Ask again.")
        raise JobEndedBadly(self._source, failure)


@contextmanager
def talking_to(source: Path, kind: Kind) -> Iterator[Talk]:
    """A model loaded for the length of the block."""
    model = None
    if kind == "model":
        with DataDesk() as desk:
            model = ask_model(desk, source)
    supervisor = start_job(ChatJob(source=str(source), kind=kind, base_model=model))
    try:
        talk = Talk(supervisor, source)
        talk.wait_until_ready()
        yield talk
    finally:
        send(supervisor.folder, "stop")
        if not supervisor.wait(STOP_SECONDS):
            supervisor.kill()


def chat_with(what: str, question: Question, as_json: bool) -> int:
    """Answer the prompt, or every line of stdin, with what `what` names."""
    source, kind = resolve(what)
    stream = _silent if as_json else _write
    if kind == "export" and (doubt := doubt_of(source)):
        say(doubt, "bold yellow")
    if not as_json:
        say(f"Loading {source} ...")
    history = [Message(role="system", content=question.system)] if question.system else []
    with talking_to(source, kind) as talk:
        for prompt in _prompts(question.prompt, as_json):
            history.append(Message(role="user", content=prompt))
            answer = talk.answer(history, question, stream)
            if answer.finished.ended_by == "failed":
                raise CannotStart("chat", answer.finished.message or "The question could not be answered.", "Ask something shorter.")
            history.append(Message(role="assistant", content=answer.text))
            if as_json:
                write_json(answer.as_dict())
            else:
                _write("\n")
                say(in_words(answer.finished, question.max_new_tokens), "dim")
    return 0 if len(history) > bool(question.system) else EXIT_FAILED


def doubt_of(export: Path) -> str:
    """Why answers of this export may not be those of the tuned model, in one line; empty where it was verified or is the weights alone."""
    known = read_export(export)
    if known is None or known.target == ADAPTER.id or (known.report and known.report.verified):
        return ""
    why = known.report.why if known.report else "It was never compared with the model that it was made of."
    return f"This export is not verified, so it may answer unlike the tuned model. {why}"


def in_words(finished: AnswerFinished, most: int) -> str:
    """How an answer of at most `most` tokens went."""
    speed = f"{finished.tokens} tokens, {finished.tokens_per_second:.1f} tokens/s"
    if finished.ended_by != "length":
        return speed
    limit = f"the limit of {most} tokens" if finished.tokens >= most else "the end of what this model reads"
    return f"{speed}, cut off (…) at {limit}"


def resolve(what: str) -> tuple[Path, Kind]:
    """What a word of the command line names: an export, a run or a model folder. Raises CannotStart."""
    path = model_folder(what)
    if (path / EXPORT_MANIFEST).is_file() or (path / "genai_config.json").is_file():
        return path, "export"
    if (path / RECIPE_FILE).is_file():
        return path, "run"
    if (path / "config.json").is_file():
        return path, "model"
    if path.is_dir():
        raise CannotStart(what, f"{path} is neither a model folder nor a run nor an export.", "phitune models and phitune runs list them.")
    if path == starter_folder():
        raise refuse_non_folder(path)
    return find_run(what), "run"


def _prompts(prompt: str | None, as_json: bool) -> Iterator[str]:
    if prompt is not None:
        yield prompt
        return
    interactive = sys.stdin.isatty() and not as_json
    if interactive:
        say("Ask something; an empty line ends the chat.")
    for line in sys.stdin:
        if not line.strip():
            return
        yield line.strip()


def _write(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()


def _silent(_text: str) -> None:
    return
