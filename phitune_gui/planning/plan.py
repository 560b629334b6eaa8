"""Makes the plan: what a recipe will do on this machine, known before anything is loaded."""

from collections.abc import Sequence

from phitune_gui.core.adapter import AdapterReport
from phitune_gui.core.base_model import BaseModel
from phitune_gui.core.dataset_report import DatasetReport
from phitune_gui.core.hardware import Hardware
from phitune_gui.core.plan import Plan
from phitune_gui.core.problem import Problem
from phitune_gui.core.recipe import Recipe
from phitune_gui.planning.checks import Situation, find_problems
from phitune_gui.planning.disk import plan_disk
from phitune_gui.planning.energy import energy
from phitune_gui.planning.figures import count
from phitune_gui.planning.make_it_fit import make_it_fit
from phitune_gui.planning.memory import plan_memory
from phitune_gui.planning.time import estimate


def make_plan(
    recipe: Recipe, model: BaseModel | None, report: DatasetReport | None, hardware: Hardware, extra: Sequence[Problem] = (),
    start: AdapterReport | None = None,
) -> Plan:  # fmt: skip
    """The plan for a recipe; `extra` are Problems found while reading its files, `start` is what was read of the adapter to go on from.

    Pure, never raises, under 10 ms.
    """
    figures = count(recipe, model, report)
    memory = plan_memory(recipe, model, figures, hardware)
    disk = plan_disk(model, figures)
    fit = make_it_fit(recipe, model, report, hardware)
    time = estimate(recipe, model, report, figures, hardware)
    return Plan(
        trainable_parameters=figures.trainable,
        total_parameters=figures.total,
        trainable_percent=figures.trainable_percent,
        effective_batch_size=figures.effective_batch_size,
        train_rows=figures.train_rows,
        validation_rows=figures.validation_rows,
        steps=figures.steps,
        steps_per_epoch=figures.steps_per_epoch,
        save_steps=figures.save_steps,
        eval_steps=figures.eval_steps,
        tokens_per_epoch=report.tokens if report else 0,
        learned_tokens_per_epoch=report.learned_tokens if report else 0,
        tokens_estimated=report.estimated if report else False,
        memory=memory,
        disk_bytes=disk.total,
        free_disk_bytes=hardware.free_disk_bytes,
        time_seconds=time.seconds,
        time_measured=time.measured,
        **energy(time.seconds, hardware),
        problems=find_problems(Situation(recipe, model, report, hardware, figures, memory, disk, fit.least_bytes, start), extra),
        make_it_fit=fit.offers[0] if fit.offers else (),
        other_ways_to_fit=fit.offers[1:],
    )
