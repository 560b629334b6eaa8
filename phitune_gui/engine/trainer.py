"""The one place where our words become those of transformers' Trainer, which owns optimizer, schedule, order and accumulation."""

import math
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from pathlib import Path
from typing import Any

import torch
from transformers import PrinterCallback, Trainer, TrainerCallback, TrainingArguments

from phitune_gui.core.recipe import TrainingSection
from phitune_gui.data.tokens import Encoded
from phitune_gui.engine.adapter_files import save_weights
from phitune_gui.engine.adaptive_rank import (
    TakeRanksAway,
    every_rank,
    is_adaptive,
    orthogonal_penalty,
    restore_importance,
    save_importance,
)
from phitune_gui.engine.batches import collate, token_counts
from phitune_gui.engine.carry import bring_files
from phitune_gui.engine.inside_start import Start, save_start
from phitune_gui.engine.loss import summed_loss
from phitune_gui.engine.model import Tuned
from phitune_gui.engine.parameter_groups import RateFactor, parameter_groups
from phitune_gui.engine.ranks import Ranks
from phitune_gui.engine.virtual_tokens import adds_tokens, load_encoder, save_encoder
from phitune_gui.engine.zero import SharedAdamW

SCHEDULES = {"cosine": "cosine", "linear": "linear", "constant": "constant_with_warmup"}


class LearnedTokenTrainer(Trainer):
    """A Trainer whose step loss is the mean over the step's learned tokens, however the step is cut into passes.

    `step_loss` (summed, nats), `step_tokens` and `step_learned` add up over the passes of the current step.
    """

    loss_is_scaled_for_ga = True
    ranks = Ranks()
    rate_factor: RateFactor = staticmethod(lambda _name: 1.0)
    start: Start | None = None
    """What an adapter that starts inside the model began as."""
    zero: dict[str, Any] | None = None
    """DeepSpeed's settings, where it shares out the optimizer's state."""
    shared: SharedAdamW | None = None
    step_loss = 0.0
    step_tokens = 0
    step_learned = 0

    def begin_step(self) -> None:
        """Forget the last step's sums."""
        self.step_loss, self.step_tokens, self.step_learned = 0.0, 0, 0

    def create_optimizer(self, model: torch.nn.Module | None = None) -> torch.optim.Optimizer:
        """The optimizer of the arguments, its parameters grouped by how fast they learn."""
        if self.optimizer is None:
            trained = self.model if model is None else model
            kind, options = self.get_optimizer_cls_and_kwargs(self.args, trained)
            decayed = self.get_decay_parameter_names(trained)
            groups = parameter_groups(trained.named_parameters(), decayed, self.rate_factor, options["lr"], self.args.weight_decay)
            self.optimizer = kind(groups, **options) if self.zero is None else self._share(groups, options)
        return self.optimizer

    def _share(self, groups: list[dict[str, Any]], options: dict[str, Any]) -> SharedAdamW:
        options = {name: value for name, value in options.items() if name != "fused"}
        shared = self.shared = SharedAdamW(self.model, groups, self.zero, **options)
        self.accelerator.backward = lambda loss, **_words: shared.backward(loss, self.accelerator.sync_gradients)
        return shared

    def get_batch_samples(self, epoch_iterator: Iterator[Any], num_batches: int, device: torch.device) -> tuple[list[Any], torch.Tensor]:
        """The passes of one step and the number of tokens that all of them learn together."""
        samples, _their_count = super().get_batch_samples(epoch_iterator, num_batches, device)
        (learned,) = self.ranks.summed([sum(token_counts(sample)[1] for sample in samples)])
        return samples, torch.tensor(max(1, round(learned)), device=device)

    def compute_loss(
        self, model: Tuned, inputs: dict[str, Any], return_outputs: bool = False, num_items_in_batch: torch.Tensor | None = None
    ) -> Any:
        """This pass's share of the step's mean loss; the shares of all passes add up to the mean."""
        total = summed_loss(model, inputs) if self.shared is None else self.shared.loss(inputs)
        tokens, learned = token_counts(inputs)
        self.step_loss += total.item()
        self.step_tokens += tokens
        self.step_learned += learned
        loss = total / num_items_in_batch
        if is_adaptive(self.model) and learned:
            loss = loss + orthogonal_penalty(self.model) * learned / num_items_in_batch
        return (loss, None) if return_outputs else loss

    def step_sums(self) -> tuple[float, int, int]:
        """Loss in nats, tokens and learned tokens of the step, over all its passes and processes."""
        loss, tokens, learned = self.ranks.summed([self.step_loss, self.step_tokens, self.step_learned])
        return loss, round(tokens), round(learned)

    def _clip_grad_norm(self, model: Tuned) -> Any:
        """First make the gradients those of the whole step: each process has only seen its own rows."""
        if self.shared is not None:
            return self.shared.clip_and_step()
        self.ranks.add_gradients(model)
        return super()._clip_grad_norm(model)

    def _load_from_checkpoint(self, resume_from_checkpoint: str, model: torch.nn.Module | None = None) -> None:
        if adds_tokens(self.model):
            load_encoder(self.model, Path(resume_from_checkpoint))
            return
        super()._load_from_checkpoint(resume_from_checkpoint, model)
        if is_adaptive(self.model):
            restore_importance(self.model, Path(resume_from_checkpoint))

    def finish_at(self, checkpoint: Path, step: int) -> None:
        """Take the weights of a checkpoint after which nothing is left to train; `train` would do one step too many."""
        self._load_from_checkpoint(str(checkpoint))
        self.state.global_step = self.state.max_steps = step

    def whole(self) -> AbstractContextManager[None]:
        """Trained weights are whole in the block, which all processes enter at once."""
        return nullcontext() if self.shared is None else self.shared.whole()

    def write_state(self, folder: Path) -> None:
        """Write everything that going on exactly from here needs, under the names that `train(resume_from_checkpoint=)` reads.

        Every process calls this; each has random numbers of its own, but only the first one writes, into its `folder`.
        """
        bring_files(lambda own: self._save_rng_state(str(own)), folder, self.ranks)
        if self.shared is not None:
            self.shared.gather()
        with self.whole():
            if self.ranks.leads:
                with every_rank(self.model):
                    save_weights(self.model, folder)
        if self.ranks.leads:
            if is_adaptive(self.model):
                save_importance(self.model, folder)
            if adds_tokens(self.model):
                save_encoder(self.model, folder)
            if self.start is not None:
                save_start(self.start, folder)
            self._save_optimizer_and_scheduler(str(folder))
            self.state.save_to_json(str(folder / "trainer_state.json"))
        if self.shared is not None:
            self.shared.forget()
        self.ranks.wait()


def build_trainer(
    model: Tuned, rows: Sequence[Encoded], training: TrainingSection, folder: Path, watch: TrainerCallback, ranks: Ranks
) -> LearnedTokenTrainer:
    """A Trainer for `rows` that logs to nobody but `watch`."""
    arguments = _arguments(training, total_steps(training, len(rows), ranks.size), folder)
    trainer = LearnedTokenTrainer(model=model, args=arguments, train_dataset=rows, data_collator=collate, callbacks=[watch])
    trainer.ranks = ranks
    # We add the gradients up ourselves: DistributedDataParallel does it in the forward pass that our loss goes around.
    trainer.accelerator.prepare_model = partial(trainer.accelerator.prepare_model, evaluation_mode=True)
    trainer.remove_callback(PrinterCallback)
    if is_adaptive(model):
        trainer.add_callback(TakeRanksAway())
    return trainer


def total_steps(training: TrainingSection, rows: int, processes: int = 1) -> int:
    """Optimizer steps of a run; the last step of an epoch may hold fewer rows."""
    per_epoch = math.ceil(rows / (training.micro_batch_size * training.accumulation * processes))
    wanted = max(1, math.ceil(round(training.epochs * per_epoch, 6)))
    return min(wanted, training.max_steps or wanted)


def _arguments(training: TrainingSection, steps: int, folder: Path) -> TrainingArguments:
    """Arguments for exactly one device; it is the launcher that starts more of them, one process each."""
    has_gpu = torch.cuda.is_available()
    arguments = TrainingArguments(
        output_dir=str(folder), max_steps=steps, per_device_train_batch_size=training.micro_batch_size,
        gradient_accumulation_steps=training.accumulation, learning_rate=training.learning_rate,
        lr_scheduler_type=SCHEDULES[training.schedule], warmup_steps=training.warmup_steps, weight_decay=training.weight_decay,
        max_grad_norm=training.max_grad_norm, neftune_noise_alpha=training.neftune_alpha, optim="adamw_torch_fused",
        seed=training.seed, data_seed=training.seed,
        gradient_checkpointing=training.gradient_checkpointing, gradient_checkpointing_kwargs={"use_reentrant": False},
        logging_strategy="steps", logging_steps=1, logging_nan_inf_filter=False, report_to="none", disable_tqdm=True,
        save_strategy="no", eval_strategy="no", remove_unused_columns=False, use_cpu=not has_gpu, dataloader_pin_memory=has_gpu,
    )  # fmt: skip
    # With several GPUs in sight transformers would wrap the model in DataParallel and give each of them the step's rows.
    arguments._n_gpu = min(1, arguments.n_gpu)
    return arguments
