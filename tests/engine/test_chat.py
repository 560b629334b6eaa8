"""Chat: base, run and export answer through one face, stop at the end token, can be called off."""

import shutil
from pathlib import Path

import pytest
import torch

from phitune_gui.core import events as e
from phitune_gui.core.base_model import BaseModel
from phitune_gui.core.job import AskRequest, ChatJob, Request, StopRequest
from phitune_gui.core.messages import Message
from phitune_gui.core.names import JOB_FILE
from phitune_gui.core.problem import CannotStart
from phitune_gui.engine.adapter_files import save_adapter
from phitune_gui.engine.chat import run_chat
from phitune_gui.engine.model import load_base
from tests.engine.conftest import ANSWER, Notebook, a_job, in_folder

pytestmark = pytest.mark.engine
QUESTION = Message(role="user", content="Captain, what about 3?")


def _talk(job: ChatJob, folder: Path, requests: list[list[Request]]) -> Notebook:
    """Each batch of requests is sent when the questions before it are answered; a cancel is sent at once; then stop."""
    waiting = [*requests, [StopRequest(request="stop", id="end", at=0.0)]]
    asked = 0

    def next_requests(_step: int) -> list[Request]:
        nonlocal asked
        is_cancel = bool(waiting) and waiting[0][0].request == "cancel"
        if not waiting or (len(notebook.all(e.AnswerFinished)) < asked and not is_cancel):
            return []
        batch = waiting.pop(0)
        asked += sum(request.request == "ask" for request in batch)
        return batch

    notebook = Notebook(folder, next_requests)
    ending = run_chat(job, notebook)
    assert isinstance(ending, e.JobFinished)
    return notebook


def _ask(id: str = "q", content: str = QUESTION.content, **options: object) -> AskRequest:
    return AskRequest.model_validate({"id": id, "at": 0.0, "messages": [Message(role="user", content=content)], **options})


def _text(notebook: Notebook) -> str:
    return "".join(piece.text for piece in notebook.all(e.TextGenerated))


def test_a_tuned_run_gives_its_answer_and_stops(trained: Notebook, tmp_path: Path) -> None:
    notebook = _talk(ChatJob(source=str(trained.folder), kind="run", threads=1), tmp_path, [[_ask(max_new_tokens=40)]])

    (finished,) = notebook.all(e.AnswerFinished)
    assert _text(notebook).strip() == ANSWER
    assert finished.ended_by == "stop token"
    assert finished.first_token_seconds > 0


def test_the_export_says_the_same(trained: Notebook, exported: Notebook, tmp_path: Path) -> None:
    ask = [[_ask(max_new_tokens=40)]]
    run = _talk(ChatJob(source=str(trained.folder), kind="run", threads=1), tmp_path, ask)
    onnx = _talk(ChatJob(source=str(exported.folder / "out"), kind="export", threads=1), tmp_path, ask)

    assert _text(onnx) == _text(run)
    assert onnx.all(e.AnswerFinished)[0].ended_by == "stop token"


def test_a_run_that_trained_all_weights_answers_by_them(model: BaseModel, data: Path, tmp_path: Path) -> None:
    run = in_folder(a_job(model, data), tmp_path / "run")
    save_adapter(load_base(model, torch.float32), model, run, step=1)
    ask = [[_ask(max_new_tokens=5)]]

    of_run = _talk(ChatJob(source=str(run), kind="run", threads=1), tmp_path, ask)
    of_model = _talk(ChatJob(source=model.path, kind="model", base_model=model, threads=1), tmp_path, ask)

    assert _text(of_run) == _text(of_model) != ""


def test_a_base_model_answers_and_the_length_ends_it(model: BaseModel, tmp_path: Path) -> None:
    job = ChatJob(source=model.path, kind="model", base_model=model, threads=1)
    notebook = _talk(job, tmp_path, [[_ask(max_new_tokens=5)]])

    (finished,) = notebook.all(e.AnswerFinished)
    assert finished.tokens == 5
    assert finished.ended_by == "length"


def test_sampling_with_one_seed_repeats_itself(model: BaseModel, tmp_path: Path) -> None:
    job = ChatJob(source=model.path, kind="model", base_model=model, threads=1)
    same = [_ask(id, max_new_tokens=12, temperature=1.0, seed=5) for id in ("a", "b")]
    notebook = _talk(job, tmp_path, [[same[0]], [same[1]]])

    texts = {id: "".join(p.text for p in notebook.all(e.TextGenerated) if p.id == id) for id in ("a", "b")}
    assert texts["a"] == texts["b"]


def test_an_answer_can_be_called_off(model: BaseModel, tmp_path: Path) -> None:
    job = ChatJob(source=model.path, kind="model", base_model=model, threads=1)
    notebook = _talk(job, tmp_path, [[_ask(max_new_tokens=300)], [StopRequest(request="cancel", id="c", at=0.0)]])

    (finished,) = notebook.all(e.AnswerFinished)
    assert finished.ended_by == "cancelled"
    assert finished.tokens < 300


def test_a_conversation_that_is_too_long_is_a_sentence(model: BaseModel, tmp_path: Path) -> None:
    job = ChatJob(source=model.path, kind="model", base_model=model, threads=1)
    notebook = _talk(job, tmp_path, [[_ask(content="word " * 2000)]])

    (finished,) = notebook.all(e.AnswerFinished)
    assert finished.ended_by == "failed"
    assert "tokens long" in finished.message


def test_an_unusable_model_is_refused(model: BaseModel, tmp_path: Path) -> None:
    unusable = model.model_copy(update={"usable": False, "reason": "It is a Llama."})

    with pytest.raises(CannotStart, match="It is a Llama"):
        run_chat(ChatJob(source=model.path, kind="model", base_model=unusable), Notebook(tmp_path))


def test_a_run_whose_base_model_is_gone_names_its_folder(trained: Notebook, tmp_path: Path) -> None:
    run = tmp_path / "run"
    shutil.copytree(trained.folder, run)
    (run / JOB_FILE).write_text((run / JOB_FILE).read_text("utf-8").replace("/tiny", "/gone"), "utf-8")

    with pytest.raises(CannotStart, match=r"base model of this run is gone: there is no folder .*/gone"):
        run_chat(ChatJob(source=str(run), kind="run", threads=1), Notebook(tmp_path))
