"""Virtual tokens: the loss is that of PEFT's own pass, answers continue from the cache, a start text is really the start."""

from pathlib import Path
from typing import Any

import pytest
import torch
from torch.nn import functional

from phitune_gui.catalog.techniques import technique
from phitune_gui.core.base_model import BaseModel
from phitune_gui.core.events import Evaluated, StepLogged
from phitune_gui.core.job import AskRequest
from phitune_gui.core.messages import Message
from phitune_gui.core.recipe import TechniqueSection
from phitune_gui.data.tokens import Encoded
from phitune_gui.engine import torch_speaker
from phitune_gui.engine.batches import NOT_LEARNED, collate
from phitune_gui.engine.load_for_training import load_for_training
from phitune_gui.engine.loss import summed_loss
from phitune_gui.engine.model import attach_adapter, load_base, with_adapter
from phitune_gui.engine.ranks import Ranks
from phitune_gui.engine.tokenizer import load_tokenizer
from phitune_gui.engine.torch_speaker import TorchSpeaker
from phitune_gui.engine.train import run_training
from tests.engine.conftest import Notebook, a_job, in_folder

pytestmark = pytest.mark.engine
SHORT = Encoded([5, 9, 30, 41, 7], [False, False, True, True, True], "")
LONG = Encoded(list(range(20, 80)), [place > 40 for place in range(60)], "")
KINDS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("prompt", {}), ("prompt", {"start": "random"}), ("ptuning", {}), ("ptuning", {"encoder": "lstm", "lstm_layers": 1}),
    ("prefix", {"start": "random"}), ("prefix", {"projection": True, "start": "random"}),
)  # fmt: skip
every_kind = pytest.mark.parametrize(("id", "options"), KINDS)


def _attached(model: BaseModel, id: str, options: dict[str, Any]) -> Any:
    chosen = technique(id)
    torch.manual_seed(3)
    return attach_adapter(load_base(model, torch.float32), chosen, chosen.options(virtual_tokens=6, **options))[0]


def _job(model: BaseModel, data: Path, section: dict[str, Any], **training: object) -> Any:
    job = a_job(model, data, max_steps=6, save_steps=3, eval_steps=6, **training)
    return job.model_copy(update={"recipe": job.recipe.model_copy(update={"technique": TechniqueSection.model_validate(section)})})


@every_kind
def test_the_loss_is_that_of_pefts_own_pass_whatever_the_padding(model: BaseModel, id: str, options: dict[str, Any]) -> None:
    tuned = _attached(model, id, options).eval()
    batch = collate([SHORT, LONG])
    logits = tuned(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"]).logits[:, -60:]
    expected = functional.cross_entropy(
        logits[:, :-1].flatten(0, 1), batch["labels"][:, 1:].flatten(), ignore_index=NOT_LEARNED, reduction="sum"
    )

    together = summed_loss(tuned, batch)
    apart = sum(summed_loss(tuned, collate([row])) for row in (SHORT, LONG))

    assert together.item() == pytest.approx(expected.item(), rel=1e-5)
    assert together.item() == pytest.approx(apart.item(), rel=1e-5)


@every_kind
def test_every_trained_number_gets_a_gradient(model: BaseModel, id: str, options: dict[str, Any]) -> None:
    tuned = _attached(model, id, options).train()

    summed_loss(tuned, collate([SHORT, LONG])).backward()

    trained = {name: weights.grad for name, weights in tuned.named_parameters() if weights.requires_grad}
    assert trained
    assert all(gradient is not None and gradient.abs().max() > 0 for gradient in trained.values()), trained.keys()


@pytest.mark.parametrize("id", ["prompt", "ptuning", "prefix"])
def test_chat_answers_as_a_pass_over_the_whole_text_does(
    model: BaseModel, data: Path, tmp_path: Path, id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch_speaker, "choose_dtype", lambda _wanted: torch.float32)
    job = _job(model, data, {"id": id, "virtual_tokens": 6})
    run = in_folder(job, tmp_path / "run")
    run_training(job, Notebook(run))
    speaker = TorchSpeaker(model, run / "adapter", 96, 1)
    request = AskRequest(request="ask", id="q", at=0.0, messages=[Message(role="user", content="Captain?")], temperature=0)
    prompt = speaker.tokenizer.prompt_ids(request.messages)

    answer = list(speaker.speak(prompt, request, 8))

    tuned, ids = with_adapter(load_base(model, torch.float32), run / "adapter").eval(), list(prompt)
    with torch.inference_mode():
        for _ in range(8):
            ids.append(int(tuned(input_ids=torch.tensor([ids])).logits[0, -1].argmax()))
    assert answer == ids[len(prompt) :]
    assert speaker.context == 90


def test_a_start_text_is_repeated_or_cut_to_the_number_of_tokens(model: BaseModel, data: Path, tmp_path: Path) -> None:
    job = _job(model, data, {"id": "prompt", "virtual_tokens": 7, "start": "text", "text": "aye aye"})

    tuned = load_for_training(job, 1, Notebook(in_folder(job, tmp_path / "run")), Ranks()).model

    ids = load_tokenizer(Path(model.path)).encode("aye aye", add_special_tokens=False)
    wanted = tuned.word_embeddings.weight[torch.tensor([ids[place % len(ids)] for place in range(7)])]
    assert torch.equal(tuned.prompt_encoder["default"].embedding.weight, wanted.float())


@pytest.mark.parametrize("id", ["prompt", "ptuning"])
def test_saving_memory_changes_no_loss(model: BaseModel, data: Path, tmp_path: Path, id: str) -> None:
    losses = []
    for saves in (False, True):
        job = _job(model, data, {"id": id, "virtual_tokens": 6}, gradient_checkpointing=saves)
        notebook = Notebook(in_folder(job, tmp_path / str(saves)))
        run_training(job, notebook)
        losses.append([step.loss for step in notebook.all(StepLogged)])

    assert losses[0] == pytest.approx(losses[1], abs=1e-5)


@pytest.mark.parametrize("section", [{"id": "ptuning", "encoder": "lstm"}, {"id": "prefix"}, {"id": "prompt", "start": "random"}])
def test_going_on_ends_the_same_with_every_encoder(model: BaseModel, data: Path, tmp_path: Path, section: dict[str, Any]) -> None:
    from safetensors.torch import load_file

    job = _job(model, data, {**section, "virtual_tokens": 6})
    notebook = Notebook(in_folder(job, tmp_path / "run"))
    run_training(job, notebook)
    file = notebook.folder / "adapter" / "adapter_model.safetensors"
    whole = load_file(file)
    again = Notebook(notebook.folder)
    run_training(job.model_copy(update={"from_step": 3, "checkpoint": "checkpoints/step-000003"}), again)

    assert [step.loss for step in again.all(StepLogged)] == [step.loss for step in notebook.all(StepLogged)][3:]
    assert again.all(Evaluated)[-1].loss == notebook.all(Evaluated)[-1].loss
    repeated = load_file(file)
    assert all(torch.equal(whole[name], repeated[name]) for name in whole)
