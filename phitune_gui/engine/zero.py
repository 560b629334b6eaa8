"""Trains with DeepSpeed's ZeRO: each process keeps a part of the optimizer's state, but checkpoints hold all of it."""

from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch
from torch import distributed

from phitune_gui.engine.batches import Batch
from phitune_gui.engine.loss import summed_loss
from phitune_gui.engine.model import Tuned
from phitune_gui.engine.zero_layers import choose_device

MOMENTS = ("exp_avg", "exp_avg_sq")


class Learner(torch.nn.Module):
    """Our loss as a forward pass, which is where DeepSpeed looks on."""

    def __init__(self, model: Tuned) -> None:
        super().__init__()
        self.model = model

    def forward(self, batch: Batch) -> torch.Tensor:
        """The summed loss of the batch."""
        return summed_loss(self.model, batch)


class SharedAdamW(torch.optim.AdamW):
    """What the Trainer takes for its optimizer: rates, groups and state of a run in one process; DeepSpeed moves the weights."""

    def __init__(self, model: Tuned, groups: list[dict[str, Any]], settings: dict[str, Any], **options: Any) -> None:
        choose_device()
        import deepspeed  # not above: it is an extra, importing it takes seconds, and it chooses its device then

        super().__init__(groups, **options)
        self._splits = settings["zero_optimization"]["stage"] == 3
        self._size = distributed.get_world_size()
        inner = torch.optim.AdamW([{**group, "params": list(group["params"])} for group in self._learning()], **options)
        self.engine, self._zero, _data, _schedule = deepspeed.initialize(
            model=Learner(model), optimizer=inner, config=settings, dist_init_required=False
        )
        self._inner = inner
        self._make_state()
        self._begin(0)

    def loss(self, batch: Batch) -> torch.Tensor:
        """The summed loss of the batch, whose gradients `backward` can make."""
        return self.engine(batch)

    def backward(self, loss: torch.Tensor, is_last: bool) -> None:
        """Make this pass's gradients; `is_last` when the step follows. DeepSpeed takes the mean over processes where we want the sum."""
        self.engine.set_gradient_accumulation_boundary(is_last)
        self.engine.backward(loss * self._size)

    def clip_and_step(self) -> float:
        """Shorten the gradients and move the weights, which DeepSpeed does in one go; returns how long the gradients were."""
        for group, ours in zip(self._inner.param_groups, self._learning(), strict=True):
            group["lr"] = ours["lr"]
        self.engine.step()
        return float(self.engine.get_global_grad_norm())

    @torch.no_grad()
    def step(self, closure: Any = None) -> None:
        """Nothing: `clip_and_step` has done it."""

    def whole(self) -> AbstractContextManager[None]:
        """Trained weights are whole in the block, which all processes enter at once."""
        if not self._splits:
            return nullcontext()
        import deepspeed

        return deepspeed.zero.GatheredParameters(self._weights())

    def gather(self) -> None:
        """Put the whole state together, in all processes at once, so that `state_dict` is that of one process."""
        from deepspeed.utils import safe_get_full_optimizer_state

        steps = self._steps()
        for weights in self._weights():
            moments = {name: safe_get_full_optimizer_state(weights, name).clone() for name in MOMENTS}
            self.state[weights] = {"step": torch.tensor(float(steps)), **moments}

    def forget(self) -> None:
        """Let go of what `gather` put together."""
        self.state.clear()

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take each process's part from the whole state of a checkpoint."""
        super().load_state_dict(state_dict)
        if not self.state:
            return
        for weights in self._weights():
            for name in MOMENTS:
                self._take(weights, self.state[weights][name], name)
        self._begin(int(next(iter(self.state.values()))["step"]))
        self.forget()

    def _take(self, weights: torch.nn.Parameter, moment: torch.Tensor, name: str) -> None:
        """DeepSpeed's own function for the whole moment fails in stage 3 where the parts are not of one length."""
        from deepspeed.utils import safe_set_full_optimizer_state, safe_set_local_optimizer_state

        if not self._splits:
            safe_set_full_optimizer_state(weights, moment, name)
            return
        length = weights.ds_tensor.numel()
        padded = torch.nn.functional.pad(moment.flatten(), (0, length * self._size - moment.numel()))
        safe_set_local_optimizer_state(weights, padded.narrow(0, length * distributed.get_rank(), length), name)

    def _weights(self) -> list[torch.nn.Parameter]:
        return [weights for group in self._learning() for weights in group["params"]]

    def _learning(self) -> list[dict[str, Any]]:
        """The groups that are not empty, for which ZeRO has no place; looked up anew, because loading a state replaces the groups."""
        return [group for group in self.param_groups if group["params"]]

    def _steps(self) -> int:
        return int(next(iter(self._inner.state.values()))["step"])

    def _begin(self, steps: int) -> None:
        """Set the count of steps."""
        for state in self._inner.state.values():
            state["step"] = torch.tensor(float(steps))

    def _make_state(self) -> None:
        """Make this process's part of the state, and let each weight find its own in it, both of which DeepSpeed does at the first step."""
        inner = [part for group in self._inner.param_groups for part in group["params"]]
        for part in self._zero.fp32_partitioned_groups_flat if self._splits else inner:
            self._inner.state[part] = {name: torch.zeros_like(part) for name in MOMENTS}
        if not self._splits:
            self._zero._lazy_init_hp_params_optimizer_state()
