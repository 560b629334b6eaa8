"""What the demo found, as one value, as JSON and as a page to read."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple

from phitune_gui.cli.output import duration, size
from phitune_gui.core.plan import Plan
from phitune_gui.core.run import Export, Run

WHO = {"base": "Base", "tuned": "Tuned", "onnx": "ONNX on the CPU"}
"""Who answers, by the report's keys."""


@dataclass(frozen=True)
class Answers:
    """One held-out question, the dataset's own answer, and what three models say; `cut` names those ended by the token limit."""

    prompt: str
    reference: str
    base: str
    tuned: str
    onnx: str
    cut: tuple[str, ...] = ()

    def shown(self, who: str) -> str:
        """The answer of one of WHO, with … where the token limit ended it."""
        text = str(getattr(self, who))
        return f"{text} …" if who in self.cut else text


class Peaks(NamedTuple):
    """Peak resident bytes: of training, of the export, and of the largest process of the whole demo."""

    training: int
    exporting: int
    largest: int


@dataclass(frozen=True)
class DemoResult:
    """Everything the demo measured; seconds of the whole command, peaks by what was going on."""

    run_folder: Path
    run: Run
    plan: Plan
    export: Export
    answers: tuple[Answers, ...]
    plotted: bool
    seconds: float
    peaks: Peaks


def as_json_document(result: DemoResult) -> dict[str, Any]:
    """The result with the keys of the command line's contract."""
    run, report = result.run, result.export.report
    losses = [point.loss for point in run.evaluations]
    return {
        "run": str(result.run_folder),
        "steps": run.step,
        "final_loss": run.final_loss,
        "validation_loss_before": losses[0] if losses else None,
        "validation_loss_after": losses[-1] if losses else None,
        "tokens_per_second": run.tokens_per_second,
        "learned_tokens_per_second": run.learned_tokens_per_second,
        "export": result.export.path,
        "target": result.export.target,
        "export_bytes": result.export.bytes,
        "verified": bool(report and report.verified),
        "peak_memory_bytes": max(result.peaks),
        "training_peak_memory_bytes": result.peaks.training,
        "export_peak_memory_bytes": result.peaks.exporting,
        "seconds": round(result.seconds, 1),
        "loss_plot": str(result.run_folder.parent / "loss.png") if result.plotted else None,
        "answers": [asdict(answers) for answers in result.answers],
        "report": report.model_dump(mode="json") if report else None,
    }


def result_rows(result: DemoResult) -> list[list[str]]:
    """The figures for a table of two columns."""
    run, export = result.run, result.export
    losses = [f"{point.loss:.4f}" for point in run.evaluations] or ["nothing was held out"]
    verdict = "verified" if export.report and export.report.verified else "NOT verified"
    return [
        ["Validation loss before", losses[0]],
        ["Validation loss after", losses[-1]],
        ["Steps", str(run.step)],
        ["Training speed", f"{run.tokens_per_second:.0f} tokens/s"],
        ["Export", f"{export.target}, {size(export.bytes)}, {verdict}"],
        ["Peak memory of training", f"{size(result.peaks.training)} (planned {size(result.plan.memory.total_bytes)})"],
        ["Peak memory of the export", size(result.peaks.exporting)],
        ["Time", duration(result.seconds)],
    ]


def as_markdown(result: DemoResult) -> str:
    """The result as a page for a person."""
    report = result.export.report
    lines = [
        "# PhiTune demo",
        "",
        "![Loss](loss.png)" if result.plotted else "",
        "",
        "| | |",
        "|---|---|",
        *(f"| {name} | {value} |" for name, value in result_rows(result)),
        "",
    ]
    if report:
        lines += ["## Is the export the same model?", "", report.why, "", *(f"- {sentence}" for sentence in report.tried), ""]
    lines += ["## Answers to questions that were never learned", ""]
    for answers in result.answers:
        lines += [f"### {answers.prompt}", ""]
        for who, text in (*((label, answers.shown(name)) for name, label in WHO.items()), ("Dataset", answers.reference)):
            lines += [f"**{who}:** {text}".replace("\n", "  \n"), ""]
    return "\n".join(lines)
