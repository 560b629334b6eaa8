"""Trains a recipe: rows to tokens, base model, adapter, Trainer, and what is kept at the end."""

from contextlib import closing, nullcontext
from functools import partial
from pathlib import Path

import torch
from transformers import set_seed

from phitune_gui.catalog.launchers import launcher as offered
from phitune_gui.catalog.launchers.zero_settings import zero_settings
from phitune_gui.catalog.techniques import options_for, technique
from phitune_gui.core.events import DatasetInspected, JobFinished, Paused, Resumed, StageBegan, TrainingBegan
from phitune_gui.core.job import TrainJob
from phitune_gui.core.problem import CannotStart
from phitune_gui.data.training_rows import TrainingRows, training_rows
from phitune_gui.engine.adapter_files import save_adapter
from phitune_gui.engine.checkpoints import Note, remove_later, require_same_rows, verified_note
from phitune_gui.engine.compared_rows import keep_compared_rows
from phitune_gui.engine.load_for_training import Loaded, load_for_training, splits_layers
from phitune_gui.engine.machines import meet_machines, share_with_machines
from phitune_gui.engine.memory_meter import MemoryMeter
from phitune_gui.engine.model import parameter_counts
from phitune_gui.engine.open_files import allow_all_open_files
from phitune_gui.engine.pulse import pulse
from phitune_gui.engine.ranks import Ranks, join_ranks, own_ranks, part_ranks
from phitune_gui.engine.reporting import Patient, Reporter, Stopped
from phitune_gui.engine.rows_start import start_from_rows
from phitune_gui.engine.step_watch import StepWatch
from phitune_gui.engine.threads import return_freed_memory, use_threads
from phitune_gui.engine.tokenizer import load_tokenizer
from phitune_gui.engine.trainer import build_trainer, total_steps


def run_training(job: TrainJob, reporter: Reporter, rows: TrainingRows | None = None) -> JobFinished | Paused:
    """Train `job.recipe` in the run folder `reporter.folder`, from the start or from `job.checkpoint`; `rows` may have been read already.

    Raises CannotStart for rows, models or checkpoints that cannot be used, and NotFinite when the loss is no number any more.
    """
    try:
        return _meet_and_train(job, Patient(reporter), rows)
    except Stopped:
        return JobFinished(stopped_early=True)


def _meet_and_train(job: TrainJob, reporter: Patient, rows: TrainingRows | None) -> JobFinished | Paused:
    if job.recipe.launcher.nodes > 1:
        allow_all_open_files()
    if job.recipe.launcher.nodes > 1 and own_ranks().leads:
        rows = _rows(job, reporter)  # before anybody is invited: who reads others is turned away
    meeting = meet_machines(job, reporter, rows.report.fingerprint if rows else "")
    with closing(meeting) if meeting else nullcontext():
        ranks = join_ranks(meeting.store if meeting else None)
        try:
            with pulse(job.recipe.launcher.nodes, reporter):
                return _train_together(job, reporter, ranks, rows)
        finally:
            part_ranks()


def _train_together(job: TrainJob, reporter: Patient, ranks: Ranks, rows: TrainingRows | None) -> JobFinished | Paused:
    launcher = job.recipe.launcher
    use_threads(job.recipe.training.threads, min(ranks.size, launcher.processes))
    if job.recipe.training.gradient_checkpointing or splits_layers(job, ranks):
        return_freed_memory()
    rows = rows or _rows(job, reporter)
    if launcher.nodes > 1:
        share_with_machines(job, rows.report.fingerprint, reporter.folder, ranks)
    note = _note(job, rows, reporter.folder, ranks)
    if ranks.leads:
        keep_compared_rows(reporter.folder, rows)
    set_seed(job.recipe.training.seed)
    with MemoryMeter() as meter:
        loaded = load_for_training(job, total_steps(job.recipe.training, len(rows.train), ranks.size), reporter, ranks)
        if job.checkpoint is None and not job.recipe.model.adapter and technique(job.recipe.technique.id).starts_from_rows:
            start_from_rows(loaded.model, rows.train)
        ranks.share(weights.data for weights in loaded.model.parameters() if weights.requires_grad)
    rhythm = save_steps, eval_steps = _rhythm(job, len(rows.train), ranks)
    reporter.emit(_began(job, loaded, rows, ranks).model_copy(update={"save_steps": save_steps, "eval_steps": eval_steps}))
    watch = StepWatch(reporter, rows.validation, note, rhythm, meter)
    factor = partial(technique(job.recipe.technique.id).learning_rate_factor, options_for(job.recipe.technique))
    watch.trainer = build_trainer(loaded.model, rows.train, job.recipe.training, reporter.folder, watch, ranks)
    watch.trainer.rate_factor, watch.trainer.start = factor, loaded.start
    stage = offered(job.recipe.launcher.id).zero_stage
    watch.trainer.zero = None if stage is None else zero_settings(job.recipe, stage)
    _train(job, reporter, watch, note)
    return _kept(job, reporter, watch)


def _rows(job: TrainJob, reporter: Patient) -> TrainingRows:
    reporter.emit(StageBegan(stage="tokenizing"))
    load_tokenizer(Path(job.base_model.path))
    rows = training_rows(job.recipe, job.base_model, reporter.tell)
    reporter.emit(DatasetInspected(report=rows.report))
    if not rows.train:
        raise CannotStart("data.sources", "No row is left to learn from.", "Look at the rejected rows on the Data page.")
    return rows


def _note(job: TrainJob, rows: TrainingRows, run: Path, ranks: Ranks) -> Note:
    """What checkpoints of this run say about themselves; when resuming, compared with what the checkpoint says."""
    training = job.recipe.training
    now = Note(0, len(rows.train), training.micro_batch_size * training.accumulation * ranks.size, rows.report.fingerprint, {})
    if job.checkpoint is None:
        return now
    then = verified_note(run / job.checkpoint)
    require_same_rows(then, now)
    return then


def _began(job: TrainJob, loaded: Loaded, rows: TrainingRows, ranks: Ranks) -> TrainingBegan:
    trainable, total = parameter_counts(loaded.model)
    return TrainingBegan(
        total_steps=total_steps(job.recipe.training, len(rows.train), ranks.size), trainable_parameters=trainable, total_parameters=total,
        train_rows=len(rows.train), validation_rows=len(rows.validation), matched_modules=loaded.matched,
        dtype=str(loaded.dtype).removeprefix("torch."), device="cuda" if torch.cuda.is_available() else "cpu",
    )  # fmt: skip


def _rhythm(job: TrainJob, rows: int, ranks: Ranks) -> tuple[int, int]:
    """Steps between checkpoints and between validations: the recipe's, else the plan's, else ten times per run."""
    training = job.recipe.training
    tenth = max(1, total_steps(training, rows, ranks.size) // 10)
    return training.save_steps or job.plan.save_steps or tenth, training.eval_steps or job.plan.eval_steps or tenth


def _train(job: TrainJob, reporter: Reporter, watch: StepWatch, note: Note) -> None:
    watch.measure_memory()
    if job.checkpoint is None:
        if watch.trainer.zero is not None:
            watch.trainer.create_optimizer()  # split layers work only by DeepSpeed's engine, which is made along with it
        watch.judge(0)
        reporter.emit(StageBegan(stage="training"))
        watch.trainer.train()
        return
    if watch.trainer.ranks.leads:
        remove_later(reporter.folder, note.step)
    reporter.emit(Resumed(step=note.step))
    reporter.emit(StageBegan(stage="training"))
    if note.step >= watch.trainer.args.max_steps:
        watch.trainer.finish_at(reporter.folder / job.checkpoint, note.step)
    else:
        watch.trainer.train(resume_from_checkpoint=str(reporter.folder / job.checkpoint))


def _kept(job: TrainJob, reporter: Reporter, watch: StepWatch) -> JobFinished | Paused:
    step = watch.trainer.state.global_step
    if watch.ended_by == "pause":
        return Paused(step=step)
    with watch.trainer.whole():
        if not watch.trainer.ranks.leads:
            return JobFinished()
        reporter.emit(StageBegan(stage="saving", detail="adapter"))
        start = watch.trainer.start
        folder = save_adapter(watch.trainer.model, job.base_model, reporter.folder, step, start.weights if start else None)
    ended_early = watch.ended_by is not None and step < watch.trainer.state.max_steps
    results = {"steps": step, "final_loss": watch.last_loss, "weights": "those after the last step"}
    if watch.evaluations:
        last = max(watch.evaluations)
        results |= {"validation_loss": watch.evaluations[last], "validation_loss_at_step": last}
    artifacts = {"adapter": folder.name}
    if watch.last_saved is not None:
        artifacts["checkpoint"] = f"checkpoints/step-{watch.last_saved:06d}"
    return JobFinished(stopped_early=ended_early, artifacts=artifacts, results=results)
