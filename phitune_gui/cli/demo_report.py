"""What the demo found, as one value, as JSON and as a page to read."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from phitune_gui.core.plan import Plan
from phitune_gui.core.run import Export, Run


@dataclass(frozen=True)
class Answers:
    """One held-out question, the dataset's own answer, and what three models say."""

    prompt: str
    reference: str
    base: str
    tuned: str
    onnx: str


@dataclass(frozen=True)
class DemoResult:
    """Everything the demo measured; seconds of the whole command, memory as the peak of its largest process in bytes."""

    run_folder: Path
    run: Run
    plan: Plan
    export: Export
    answers: tuple[Answers, ...]
    plotted: bool
    seconds: float
    peak_bytes: int


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
        "peak_memory_bytes": max(result.peak_bytes, run.peak_bytes),
        "seconds": round(result.seconds, 1),
        "loss_plot": str(result.run_folder.parent / "loss.png") if result.plotted else None,
        "answers": [asdict(answers) for answers in result.answers],
        "report": report.model_dump(mode="json") if report else None,
    }


def as_markdown(result: DemoResult) -> str:
    """The result as a page for a person."""
    document = as_json_document(result)
    report = result.export.report
    verdict = "verified" if document["verified"] else "NOT verified"
    lines = [
        "# PhiTune demo",
        "",
        "![Loss](loss.png)" if result.plotted else "",
        "",
        "| | |",
        "|---|---|",
        f"| Validation loss before | {document['validation_loss_before']:.4f} |",
        f"| Validation loss after | {document['validation_loss_after']:.4f} |",
        f"| Steps | {document['steps']} |",
        f"| Training speed | {document['tokens_per_second']:.0f} tokens/s |",
        f"| Export | {document['target']}, {document['export_bytes'] / 1e6:.0f} MB, {verdict} |",
        f"| Peak memory | {document['peak_memory_bytes'] / 1e9:.2f} GB |",
        f"| Time | {document['seconds']:.0f} s |",
        "",
    ]
    if report:
        lines += ["## Is the export the same model?", "", report.why, "", *(f"- {sentence}" for sentence in report.tried), ""]
    lines += ["## Answers to questions that were never learned", ""]
    for answers in result.answers:
        lines += [f"### {answers.prompt}", ""]
        for who, text in (
            ("Base", answers.base),
            ("Tuned", answers.tuned),
            ("ONNX on the CPU", answers.onnx),
            ("Dataset", answers.reference),
        ):
            lines += [f"**{who}:** {text}".replace("\n", "  \n"), ""]
    return "\n".join(lines)
