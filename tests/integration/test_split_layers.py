"""Processes that share the frozen layers train as one does, with each technique that is let in, and their files are anyone's."""

import os
import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from phitune_gui.catalog.launchers import launcher
from phitune_gui.catalog.techniques import TECHNIQUES
from phitune_gui.core.job import TrainJob, job_from_json, job_to_json
from phitune_gui.core.names import JOB_FILE
from phitune_gui.core.recipe import with_value
from phitune_gui.jobs.control import send
from tests.engine.test_technique_matrix import SMALL
from tests.helpers.commands import phitune
from tests.integration.test_launchers import COMMON, ONE, at_step, in_background, recipe, steps, train

__all__ = ["recipe"]

pytestmark = [pytest.mark.engine, pytest.mark.skipif(os.name == "nt", reason="gloo over files is not tried on Windows")]

SPLIT = ("launcher.id=fsdp2", "launcher.processes=2")
ADAPTER = "adapter/adapter_model.safetensors"


def adapter(run: str | Path) -> dict[str, torch.Tensor]:
    return load_file(Path(run) / ADAPTER)


def require_equal(one: str | Path, other: str | Path, within: float) -> None:
    left, right = adapter(one), adapter(other)
    assert left.keys() == right.keys()
    for name, weights in left.items():
        torch.testing.assert_close(right[name], weights, rtol=0, atol=within)


def written_for(technique: str, recipe: Path) -> Path:
    """The same recipe for another technique, with options that suit the tiny model."""
    made = recipe.with_name(f"{technique}.phitune.yaml")
    suited = [f"technique.{name}={value}" for name, value in SMALL.get(technique, {}).items()]
    options = [part for option in (*(each for each in COMMON if "technique" not in each), *suited) for part in ("-o", option)]
    given = ["--model", str(recipe.parent / "tiny"), "--data", str(recipe.parent / "rows.jsonl"), "--technique", technique]
    phitune("recipe", "new", *given, "--out", str(made), *options, home=recipe.parent / "home")
    return made


PROVEN = [pytest.param(id, marks=[] if id == "lora" else pytest.mark.slow) for id in launcher("fsdp2").techniques or ()]


@pytest.mark.parametrize("id", PROVEN)
def test_it_does_what_one_process_does(recipe: Path, id: str) -> None:
    own = written_for(id, recipe)
    alone, split = train(own, *ONE, "training.max_steps=3"), train(own, *SPLIT, "training.max_steps=3")

    for one, two in zip(steps(alone["run"]), steps(split["run"]), strict=True):
        assert two.loss == pytest.approx(one.loss, abs=1e-4)
        assert two.grad_norm == pytest.approx(one.grad_norm, rel=1e-4)
        assert (two.tokens, two.learned_tokens) == (one.tokens, one.learned_tokens)
    assert split["best_validation_loss"] == pytest.approx(alone["best_validation_loss"], abs=1e-4)
    require_equal(alone["run"], split["run"], within=1e-4)


def test_only_techniques_of_this_list_are_let_in() -> None:
    """A new technique is refused until it is named there, and so tested above."""
    assert set(launcher("fsdp2").techniques or ()) <= {each.id for each in TECHNIQUES}


@pytest.mark.slow
@pytest.mark.parametrize("more", ["training.gradient_checkpointing=true", "training.dtype=bfloat16"])
def test_saving_memory_changes_nothing(recipe: Path, more: str) -> None:
    options = (more, "training.max_steps=3")
    alone, split = train(recipe, *ONE, *options), train(recipe, *SPLIT, *options)

    assert [step.loss for step in steps(split["run"])] == pytest.approx([step.loss for step in steps(alone["run"])], abs=1e-4)
    require_equal(alone["run"], split["run"], within=1e-4)


def as_with(run: Path, home: Path, *options: str) -> Path:
    """A copy of the stopped run whose order says other things about how it is trained."""
    copy = home / "runs" / run.name
    shutil.copytree(run, copy)
    job = job_from_json((copy / JOB_FILE).read_bytes())
    assert isinstance(job, TrainJob)
    changed = job.recipe
    for option in options:
        name, value = option.split("=")
        changed = with_value(changed, name, value)
    (copy / JOB_FILE).write_text(job_to_json(job.model_copy(update={"recipe": changed})), "utf-8")
    return copy


ALONE = ("launcher.id=single", "launcher.processes=1", *ONE)
COPIES = ("launcher.id=ddp", "launcher.processes=2", "training.accumulation=1")


@pytest.mark.parametrize(
    ("first", "then"),
    [
        pytest.param(SPLIT, ALONE, id="split to single", marks=pytest.mark.slow),
        pytest.param(ALONE, (*SPLIT, "training.accumulation=1"), id="single to split"),
        pytest.param(SPLIT, COPIES, id="split to ddp", marks=pytest.mark.slow),
        pytest.param(COPIES, SPLIT, id="ddp to split", marks=pytest.mark.slow),
    ],
)
def test_another_launcher_goes_on_from_its_checkpoints(recipe: Path, tmp_path: Path, first: tuple[str, ...], then: tuple[str, ...]) -> None:
    length = ("training.max_steps=60", "training.epochs=100", "training.save_steps=1000", "training.eval_steps=1000")
    whole = train(recipe, *ALONE, *length)
    with in_background(recipe, tmp_path / "first", *first, *length):
        run = at_step(tmp_path / "first" / "runs", 3)
        send(run, "stop", "stop")
    moved = as_with(run, tmp_path / "then", *then)

    resumed = phitune("resume", str(moved), home=tmp_path / "then")

    assert 3 <= resumed["from_step"] < 60
    assert resumed["final_loss"] == pytest.approx(whole["final_loss"], abs=1e-5)
    require_equal(whole["run"], moved, within=1e-5)
