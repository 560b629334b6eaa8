"""What people send while a chat loads or answers: nothing is lost, a stop or cancel is followed at once, refusals are sentences."""

import json
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
import torch

from phitune_gui.core import events as e
from phitune_gui.core.base_model import BaseModel
from phitune_gui.core.job import AskRequest, ChatJob, ExportJob, Request, StopRequest, TrainJob, job_from_json
from phitune_gui.core.messages import Message
from phitune_gui.core.names import ADAPTER_FOLDER, JOB_FILE
from phitune_gui.core.problem import CannotStart
from phitune_gui.engine import chat, torch_speaker
from phitune_gui.engine.chat import _Growing, run_chat
from phitune_gui.engine.export import run_export
from phitune_gui.engine.speakers import Speaker, load_speaker
from phitune_gui.engine.torch_speaker import choose
from phitune_gui.store.models import read_model
from tests.engine.conftest import ANSWER, Notebook, in_folder

pytestmark = pytest.mark.engine
QUESTION = (Message(role="user", content="Captain, what about 3?"),)
When = Callable[[Notebook], bool]


@pytest.fixture(autouse=True)
def in_float32(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that what is compared to the last token does not depend on what this processor multiplies faster."""
    monkeypatch.setattr(torch_speaker, "choose_dtype", lambda _wanted: torch.float32)


def _ask(id: str = "q", messages: Sequence[Message] = QUESTION, **options: object) -> AskRequest:
    return AskRequest.model_validate({"id": id, "at": 0.0, "messages": messages, **options})


def _word(word: str) -> StopRequest:
    return StopRequest.model_validate({"request": word, "id": word, "at": 0.0})


def _talk(job: ChatJob, folder: Path, *script: tuple[When, list[Request]]) -> tuple[Notebook, e.JobFinished]:
    """Each batch of requests arrives at the first look after its time has come; a stop ends the chat when all are answered."""
    asked = sum(request.request == "ask" for _when, batch in script for request in batch)
    waiting = [*script, (_answered(asked), [_word("stop")])]

    def arrive(_step: int) -> list[Request]:
        return waiting.pop(0)[1] if waiting and waiting[0][0](notebook) else []

    notebook = Notebook(folder, arrive)
    return notebook, run_chat(job, notebook)


def _answered(count: int) -> When:
    return lambda notebook: len(notebook.all(e.AnswerFinished)) >= count


def _has_begun(notebook: Notebook) -> bool:
    return bool(notebook.all(e.TextGenerated))


def _at_once(_notebook: Notebook) -> bool:
    return True


def _text(notebook: Notebook, id: str = "q") -> str:
    return "".join(piece.text for piece in notebook.all(e.TextGenerated) if piece.id == id)


@pytest.fixture(params=["model", "export"])
def endless(request: pytest.FixtureRequest, model: BaseModel, exported: Notebook, monkeypatch: pytest.MonkeyPatch) -> ChatJob:
    """A chat in which no token counts as the end of an answer and text is sent token by token."""
    monkeypatch.setattr(chat, "PIECE_SECONDS", 0.0)
    monkeypatch.setattr(chat, "load_speaker", _without_end)
    if request.param == "model":
        return ChatJob(source=model.path, kind="model", base_model=model, threads=1)
    return ChatJob(source=str(exported.folder / "out"), kind="export", threads=1)


def _without_end(job: ChatJob) -> Speaker:
    speaker = load_speaker(job)
    speaker.tokenizer.end_ids = ()
    return speaker


def test_a_cancel_ends_the_answer_and_the_next_question_is_answered(endless: ChatJob, tmp_path: Path) -> None:
    script = ((_at_once, [_ask("a", max_new_tokens=300)]), (_has_begun, [_word("cancel"), _ask("b", max_new_tokens=3)]))

    notebook, ending = _talk(endless, tmp_path, *script)

    first, second = notebook.all(e.AnswerFinished)
    assert (first.id, first.ended_by) == ("a", "cancelled")
    assert 0 < first.tokens < 300
    assert (second.id, second.ended_by) == ("b", "length")
    assert [event.id for event in notebook.all(e.Acknowledged)] == ["cancel", "stop"]
    assert ending == e.JobFinished()


def test_a_stop_in_the_middle_of_an_answer_ends_the_chat(endless: ChatJob, tmp_path: Path) -> None:
    notebook, ending = _talk(endless, tmp_path, (_at_once, [_ask(max_new_tokens=300)]), (_has_begun, [_word("stop")]))

    (answer,) = notebook.all(e.AnswerFinished)
    assert answer.ended_by == "cancelled"
    assert answer.tokens < 300
    assert ending.stopped_early


@pytest.mark.parametrize("word", ["stop", "cancel"])
def test_what_came_together_with_the_question_while_the_model_loaded_is_followed(endless: ChatJob, tmp_path: Path, word: str) -> None:
    notebook, ending = _talk(endless, tmp_path, (_at_once, [_ask(max_new_tokens=300), _word(word)]))

    (answer,) = notebook.all(e.AnswerFinished)
    assert answer.ended_by == "cancelled"
    assert answer.tokens == 1
    assert ending.stopped_early == (word == "stop")


def test_a_stop_right_behind_a_cancel_is_not_lost(endless: ChatJob, tmp_path: Path) -> None:
    script = (_at_once, [_ask(max_new_tokens=300)]), (_has_begun, [_word("cancel"), _word("stop")])

    notebook, ending = _talk(endless, tmp_path, *script)

    assert [event.id for event in notebook.all(e.Acknowledged)] == ["cancel", "stop"]
    assert ending.stopped_early


def test_questions_asked_at_the_same_time_are_answered_in_turn(trained: Notebook, tmp_path: Path) -> None:
    job = ChatJob(source=str(trained.folder), kind="run", threads=1)

    notebook, _ending = _talk(job, tmp_path, (_at_once, [_ask("a"), _ask("b"), _ask("c")]))

    assert [answer.id for answer in notebook.all(e.AnswerFinished)] == ["a", "b", "c"]
    assert [_text(notebook, id).strip() for id in ("a", "b", "c")] == [ANSWER] * 3


def test_run_and_float32_export_say_the_same_token_by_token_also_to_what_they_never_learned(trained: Notebook, exported: Notebook) -> None:
    run = load_speaker(ChatJob(source=str(trained.folder), kind="run", threads=1))
    onnx = load_speaker(ChatJob(source=str(exported.folder / "out"), kind="export", threads=1))
    assert run.tokenizer.end_ids == onnx.tokenizer.end_ids
    assert run.context == onnx.context == 512
    for question in ("Captain, what about 3?", "How many legs does a spider have?", "Write 5 words: ä 你 🎉"):
        prompt = run.tokenizer.prompt_ids([Message(role="user", content=question)])
        assert prompt == onnx.tokenizer.prompt_ids([Message(role="user", content=question)])
        said = []
        for speaker in (run, onnx):
            ids = []
            for id in speaker.speak(prompt, _ask(), 30):
                ids.append(id)
                if id in speaker.tokenizer.end_ids:
                    break
            said.append(ids)
        assert said[0] == said[1]


def test_an_answer_ends_where_the_context_ends(model: BaseModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chat, "load_speaker", _without_end)
    job = ChatJob(source=model.path, kind="model", base_model=model, threads=1)
    long = [Message(role="user", content="long " * 70)]

    notebook, _ending = _talk(job, tmp_path, (_at_once, [_ask(messages=long, max_new_tokens=8000)]))

    (answer,) = notebook.all(e.AnswerFinished)
    speaker = load_speaker(job)
    assert answer.ended_by == "length"
    assert answer.tokens + len(speaker.tokenizer.prompt_ids(long)) == speaker.context


def test_an_export_answers_up_to_the_last_token_of_its_context(exported: Notebook) -> None:
    speaker = load_speaker(ChatJob(source=str(exported.folder / "out"), kind="export", threads=1))

    assert len(list(speaker.speak([40] * (speaker.context - 1), _ask(), 1))) == 1


def test_every_stop_token_of_the_base_model_ends_an_answer_of_its_export(trained: Notebook, tmp_path: Path) -> None:
    job = job_from_json((trained.folder / JOB_FILE).read_bytes())
    assert isinstance(job, TrainJob)
    base = Path(shutil.copytree(job.base_model.path, tmp_path / "base"))
    generation = json.loads((base / "generation_config.json").read_text("utf-8"))
    generation["eos_token_id"] = [*generation["eos_token_id"], 17]
    (base / "generation_config.json").write_text(json.dumps(generation), "utf-8")
    run = in_folder(job.model_copy(update={"base_model": read_model(base)}), tmp_path / "run")
    shutil.copytree(trained.folder / ADAPTER_FOLDER, run / ADAPTER_FOLDER)
    out = tmp_path / "out"
    run_export(ExportJob(run=str(run), target="onnx-cpu-fp32", out=str(out)), Notebook(tmp_path))

    export = load_speaker(ChatJob(source=str(out), kind="export", threads=1))

    assert 17 in json.loads((out / "genai_config.json").read_text("utf-8"))["model"]["eos_token_id"]
    assert 17 in export.tokenizer.end_ids
    assert export.tokenizer.end_ids == load_speaker(ChatJob(source=str(run), kind="run", threads=1)).tokenizer.end_ids


def test_a_conversation_the_template_refuses_is_a_sentence_and_the_chat_goes_on(model: BaseModel, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(model.path, tmp_path / "strict"))
    config = json.loads((folder / "tokenizer_config.json").read_text("utf-8"))
    strict = "{% if messages[0]['role'] == 'assistant' %}{{ raise_exception('Begin with a question') }}{% endif %}"
    config["chat_template"] = strict + config["chat_template"]
    (folder / "tokenizer_config.json").write_text(json.dumps(config), "utf-8")
    (folder / "chat_template.jinja").unlink(missing_ok=True)
    base = read_model(folder)
    assert base.usable, base.reason
    wrong = [Message(role="assistant", content="Hello"), *QUESTION]
    job = ChatJob(source=str(folder), kind="model", base_model=base, threads=1)

    notebook, _ending = _talk(job, tmp_path, (_at_once, [_ask("wrong", wrong), _ask("right", max_new_tokens=2)]))

    refused, answered = notebook.all(e.AnswerFinished)
    assert (refused.id, refused.ended_by) == ("wrong", "failed")
    assert "Begin with a question" in refused.message
    assert (answered.id, answered.tokens) == ("right", 2)


def test_an_adapter_export_and_a_folder_without_export_cannot_answer(trained: Notebook, tmp_path: Path) -> None:
    run_export(ExportJob(run=str(trained.folder), target="adapter", out=str(tmp_path / "out")), Notebook(tmp_path))

    with pytest.raises(CannotStart, match="cannot answer here"):
        load_speaker(ChatJob(source=str(tmp_path / "out"), kind="export"))
    with pytest.raises(CannotStart, match="is not an export"):
        load_speaker(ChatJob(source=str(tmp_path), kind="export"))
    with pytest.raises(CannotStart, match="not the folder of a training run"):
        load_speaker(ChatJob(source=str(tmp_path), kind="run"))
    with pytest.raises(CannotStart, match="Nothing is known about the model"):
        load_speaker(ChatJob(source=str(tmp_path), kind="model"))


def test_a_letter_made_of_several_tokens_is_sent_whole(model: BaseModel) -> None:
    tokenizer = load_speaker(ChatJob(source=model.path, kind="model", base_model=model)).tokenizer
    text = "Grüße 🎉 an 你好"
    ids = tokenizer._tokenizer.encode(text, add_special_tokens=False).ids
    growing, pieces = _Growing(tokenizer), []
    for id in ids:
        growing.add(id)
        pieces.append(growing.take())
    pieces.append(growing.take(last=True))

    assert len(ids) > len(text)
    assert "\N{REPLACEMENT CHARACTER}" not in "".join(pieces)
    assert "".join(pieces) == text


def test_the_nucleus_keeps_only_the_likeliest_tokens() -> None:
    logits = torch.tensor([0.0, 3.0, 2.9, -5.0])

    def drawn(**options: object) -> set[int]:
        random = torch.Generator().manual_seed(3)
        return {choose(logits, _ask(**options), random) for _ in range(200)}

    assert drawn(temperature=0.0) == {1}
    assert drawn(temperature=1.0, top_p=0.4) == {1}
    assert drawn(temperature=1.0, top_p=0.9) == {1, 2}
    assert drawn(temperature=5.0) == {0, 1, 2, 3}
