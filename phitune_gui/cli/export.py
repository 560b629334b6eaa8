"""The commands about exports: make one, and check one again."""

import shlex
from functools import partial
from itertools import pairwise
from pathlib import Path

from phitune_gui.catalog.exports import AUTOMATIC
from phitune_gui.cli.follow import start_and_follow
from phitune_gui.cli.output import say, size, table, write_json
from phitune_gui.core.job import ExportJob, VerifyJob
from phitune_gui.core.names import EXIT_DONE, EXIT_FAILED, EXPORT_MANIFEST, EXPORTS_FOLDER
from phitune_gui.core.parity import ParityReport
from phitune_gui.core.problem import CannotStart
from phitune_gui.core.run import Export, Run
from phitune_gui.jobs.desk import DataDesk
from phitune_gui.jobs.launch import start_job
from phitune_gui.jobs.machine import probe_hardware
from phitune_gui.jobs.questions import ask_model
from phitune_gui.planning.export_plan import export_problems
from phitune_gui.store.exports import run_of
from phitune_gui.store.paths import require_writable
from phitune_gui.store.runs import find_run, open_run


def export_run(name: str, target: str, out: Path | None, as_json: bool) -> int:
    """Export a run and report; exit code 1 when the check failed."""
    run = make_export(find_run(name), target, out, as_json)
    return tell(only_export(run), as_json)


def make_export(run_folder: Path, target: str, out: Path | None, quiet: bool) -> Run:
    """The job that exported a run, as it ended. Raises CannotStart, JobEndedBadly or Interrupted."""
    record = open_run(run_folder)
    final = (out or run_folder / EXPORTS_FOLDER / target).absolute()
    with DataDesk() as desk:
        model = ask_model(desk, Path(record.recipe.model.path))
    for problem in export_problems(record.run, record.recipe.technique.id, model, target, probe_hardware(final)):
        if problem.severity == "problem":
            raise CannotStart(problem.where, problem.what, problem.how_to_fix)
        if not quiet:
            say(f"{problem.what} {problem.how_to_fix}", "yellow")
    require_writable(final.parent)
    job = ExportJob(run=str(run_folder), target=target, out=str(final))
    return start_and_follow(partial(start_job, job), quiet, run_folder)


def verify_export(folder: Path, as_json: bool) -> int:
    """Compare an export with its reference again; exit code 1 when the check fails."""
    if not (folder / EXPORT_MANIFEST).is_file():
        raise CannotStart(
            str(folder), f"{folder} is no PhiTune export: it has no {EXPORT_MANIFEST}.", "Name a folder that phitune export made."
        )
    run = start_and_follow(partial(start_job, VerifyJob(export=str(folder.absolute()))), as_json, folder.absolute())
    return tell(only_export(run), as_json)


def tell(export: Export, as_json: bool) -> int:
    """Show an export and its report; the exit code of the command."""
    report = export.report
    verified = report.verified if report else False if export.damaged else None
    if as_json:
        figures = report.model_dump(mode="json") if report else None
        document = {"path": export.path, "target": export.target, "bytes": export.bytes, "verified": verified, "report": figures}
        write_json(document if export.damaged is None else {**document, "damaged": list(export.damaged)})
    else:
        say(f"{export.target}: {size(export.bytes)} in {export.path}", "bold")
        if report:
            show_report(report)
            if advice := next_step(report, run_of(Path(export.path))):
                say(advice, "yellow")
        else:
            say(unmeasured(export), "bold red" if export.damaged else "")
    return EXIT_FAILED if verified is False else EXIT_DONE


def unmeasured(export: Export) -> str:
    """What is known of an export that has nothing to be compared with, in a sentence."""
    if export.damaged is None:
        return "Not checked: it is the trained weights themselves."
    if export.damaged:
        return f"Not verified: {'; '.join(export.damaged)}. Export the run again."
    return "Nothing to compare: it is the trained weights themselves. All its files are as they were exported (SHA-256)."


def next_step(report: ParityReport, run: Path | None = None) -> str:
    """What to do about an export of `run` that was not verified; empty where another export would not help."""
    if report.verified or not (report.tokenizer_agrees and report.stops):
        return ""
    command = f"phitune export {shlex.quote(str(run)) if run else 'RUN'} --to"
    if not report.too_coarse:
        return f"Next: export the run again: {command} {report.target}"
    finer = next((after for target, after in pairwise(AUTOMATIC) if target == report.target), "")
    return f"Next: {command} {finer}, or --to auto, which keeps the smallest precision that passes." if finer else ""


def show_report(report: ParityReport) -> None:
    """The parity report in words and figures."""
    say(report.why, "green" if report.verified else "bold red")
    rows = [
        ["same most likely token", f"{report.top1:.2%} of {report.positions} positions in {report.texts} texts"],
        ["divergence (KL)", f"{report.kl:.2e} nats"],
        ["largest logit difference", f"{report.max_logit_difference:.2e}"],
        ["loss on these texts", f"{report.reference_loss:.4f} before, {report.export_loss:.4f} after ({report.loss_change:+.2%})"],
        ["answers token by token", _decoded(report)],
        ["tokens numbered alike", f"{1 - report.tokenizer_drift:.2%} by the runtime's own tokenizer"],
        ["size", size(report.bytes)],
        ["loads in", f"{report.load_seconds:.2f} s"],
    ]
    if report.first_token_seconds and report.tokens_per_second:  # 0 in reports of older exports that were not timed
        rows.append(["first token, speed", f"{report.first_token_seconds * 1000:.0f} ms, {report.tokens_per_second:.1f} tokens/s"])
    table("", ["", ""], rows)
    for sentence in report.tried:
        say(sentence, "yellow")


def _decoded(report: ParityReport) -> str:
    if not report.decoded_answers:
        return "not compared"
    begin = f"{report.decode_first:.0%} of {report.decoded_answers} begin alike"
    return f"{begin}, {report.decode_prefix:.1f} of {report.decode_tokens:.1f} tokens equal on average"


def only_export(run: Run) -> Export:
    """What an export job made, or a verify job looked at. Raises CannotStart when the job was called off."""
    if not run.exports:
        raise CannotStart("export", "The export was cancelled before it was complete; nothing was left behind.", "Start it again.")
    return run.exports[-1]
