"""The contract of the command line: names, exit codes, one JSON object, one sentence per failure."""

import errno
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from _pytest.capture import CaptureFixture

from phitune_gui.__main__ import COMMANDS
from phitune_gui.catalog.presets import PRESETS
from phitune_gui.cli import main
from phitune_gui.cli.commands import PRESET_IDS, app
from phitune_gui.cli.output import size
from phitune_gui.core import events as e
from phitune_gui.core.names import EVENTS_FILE
from phitune_gui.core.recipe import Recipe, with_value
from phitune_gui.store.recipes import load_recipe
from phitune_gui.store.runs import create_run_folder
from phitune_gui.store.settings import Settings, save_settings
from tests.helpers.factories import a_plan, a_recipe, a_training
from tests.helpers.tiny_phi3 import write_tiny_phi3

ROWS = [{"question": f"What is {number} and one?", "answer": f"It makes {number + 1}, friend."} for number in range(40)]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in ROWS), "utf-8")
    return path


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_phi3(tmp_path_factory.mktemp("models") / "tiny")


def _json(capsys: CaptureFixture[str]) -> dict[str, object]:
    out = capsys.readouterr().out
    assert out.count("\n") == 1
    document = json.loads(out)
    assert isinstance(document, dict)
    return document


def test_the_dispatcher_knows_every_command() -> None:
    declared = {command.name or command.callback.__name__ for command in app.registered_commands if command.callback}
    groups = {group.name for group in app.registered_groups}

    assert declared | groups == set(COMMANDS)


@pytest.mark.parametrize(
    "arguments", [["plan"], ["train", "a", "--nonsense"], ["nonsense"], ["preview", "x", "--model", "m", "--row", "-1"]]
)
def test_wrong_usage_is_one_sentence_and_exit_code_2(arguments: list[str], capsys: CaptureFixture[str]) -> None:
    assert main([*arguments, "--json"]) == 2

    error = _json(capsys)["error"]
    assert isinstance(error, dict)
    assert set(error) == {"what", "where", "how_to_fix"}


def test_a_recipe_is_written_and_read_again(tmp_path: Path, model: Path, data: Path, capsys: CaptureFixture[str]) -> None:
    out = tmp_path / "r.phitune.yaml"
    options = ["-o", "technique.rank=4", "-o", "training.epochs=2"]

    assert main(["recipe", "new", "--model", str(model), "--data", str(data), "--out", str(out), *options, "--json"]) == 0

    told = _json(capsys)
    assert told["path"] == str(out)
    assert [problem["where"] for problem in told["problems"]] == ["data.max_length"]  # the model reads 512 tokens only
    recipe = load_recipe(out)
    assert recipe.technique.options["rank"] == 4
    assert recipe.training.epochs == 2
    assert recipe.data.validation.percent == 10


def test_a_recipe_may_have_any_name_but_replaces_recipes_only(tmp_path: Path, model: Path, data: Path, capsys: CaptureFixture[str]) -> None:
    out = tmp_path / "lib.yaml"
    command = ["recipe", "new", "--model", str(model), "--data", str(data), "--out", str(out)]

    assert [main(command), main(command)] == [0, 0]
    assert "ending .phitune.yaml" in capsys.readouterr().err
    assert main(["plan", str(out), "--json"]) == 0
    out.write_text("services: []\n", "utf-8")
    assert main(command) == 2
    assert "is no recipe" in capsys.readouterr().err
    assert out.read_text("utf-8") == "services: []\n"


def test_inspect_and_preview_answer_in_json(model: Path, data: Path, capsys: CaptureFixture[str]) -> None:
    assert main(["inspect", str(data), "--model", str(model), "--json"]) == 0
    report = _json(capsys)
    assert report["format"] == "question_answer"
    assert report["rows"] == 40
    assert main(["preview", str(data), "--model", str(model), "--row", "3", "--json"]) == 0
    seen = _json(capsys)
    assert "It makes 4, friend." in str(seen["text"])


def test_a_piped_preview_marks_what_is_learned_in_plain_text(model: Path, data: Path, capsys: CaptureFixture[str]) -> None:
    command = ["preview", str(data), "--model", str(model), "--row", "3"]
    assert main(command) == 0
    whole = capsys.readouterr()
    assert main([*command, "--max-length", "20"]) == 0
    short = capsys.readouterr()

    assert "[[It makes 4, friend.<|end|>" in whole.out
    assert whole.out.count("[[") == whole.out.count("]]") == 1
    assert "learned (in [[ ]])" in whole.err
    assert "{{" in short.out
    assert "cut off (in {{ }})" in short.err


def test_plan_answers_even_when_problems_block(tmp_path: Path, model: Path, data: Path, capsys: CaptureFixture[str]) -> None:
    out = tmp_path / "r.phitune.yaml"
    main(["recipe", "new", "--model", str(model), "--data", str(data), "--out", str(out)])
    data.write_text("", "utf-8")
    capsys.readouterr()

    assert main(["plan", str(out), "--json"]) == 0

    plan = _json(capsys)
    assert plan["total_parameters"]
    problems = plan["problems"]
    assert isinstance(problems, list)
    assert any("empty" in problem["what"] for problem in problems)


def test_plan_names_the_parts_of_memory_and_what_each_process_needs(
    tmp_path: Path, model: Path, data: Path, capsys: CaptureFixture[str]
) -> None:
    recipe = tmp_path / "r.phitune.yaml"
    assert main(["recipe", "new", "--model", str(model), "--data", str(data), "--out", str(recipe)]) == 0
    settings = ["-o", "launcher.id=fsdp2", "-o", "launcher.processes=2"]
    capsys.readouterr()
    assert main(["plan", str(recipe), *settings, "--json"]) == 0
    memory = _json(capsys)["memory"]
    assert isinstance(memory, dict)
    assert main(["plan", str(recipe), *settings]) == 0
    rows = [line.split() for line in capsys.readouterr().out.splitlines()]
    for name, words in (("weights", "weights"), ("borrowed", "borrowed layers"), ("overhead", "libraries")):
        assert [*words.split(), *size(memory["parts"][name]).split()] in rows
    assert ["processes", "2", "x", *size(memory["total_bytes"] // 2).split()] in rows
    assert main(["plan", str(recipe)]) == 0
    assert "processes" not in capsys.readouterr().out


@pytest.mark.parametrize(("price", "said"), [(None, ""), (0.0, ""), (0.3, " at 0.3 per kWh")])
def test_plan_tells_a_cost_only_with_the_price_that_was_given(
    tmp_path: Path, model: Path, data: Path, capsys: CaptureFixture[str], price: float | None, said: str
) -> None:
    save_settings(Settings(watts=200, price_per_kwh=price))
    recipe = tmp_path / "r.phitune.yaml"
    assert main(["recipe", "new", "--model", str(model), "--data", str(data), "--out", str(recipe)]) == 0
    capsys.readouterr()

    assert main(["plan", str(recipe)]) == 0

    line = next(line for line in capsys.readouterr().out.splitlines() if line.split()[:1] == ["energy"])
    assert "kWh" in line
    assert ("costs" in line) == bool(said)
    assert said in line
    assert "costs 0.00 " not in line


def test_train_refuses_what_plan_blocks_and_writes_nothing(tmp_path: Path, model: Path, data: Path, capsys: CaptureFixture[str]) -> None:
    out, runs = tmp_path / "r.phitune.yaml", tmp_path / "runs"
    main(["recipe", "new", "--model", str(model), "--data", str(data), "--out", str(out)])
    data.write_text("", "utf-8")
    capsys.readouterr()

    assert main(["train", str(out), "--runs", str(runs), "--json"]) == 2

    assert "error" in _json(capsys)
    assert not runs.exists() or not list(runs.iterdir())


def test_runs_lists_and_show_tells(capsys: CaptureFixture[str]) -> None:
    folder = create_run_folder(a_recipe(), a_plan(), "a")

    assert main(["runs", "--json"]) == 0
    runs = _json(capsys)["runs"]
    assert isinstance(runs, list)
    assert [run["path"] for run in runs] == [str(folder)]
    assert main(["show", folder.name, "--json"]) == 0
    run = _json(capsys)["run"]
    assert isinstance(run, dict)
    assert run["path"] == str(folder)


@pytest.mark.parametrize(
    "arguments",
    [
        ["show", "nothing"], ["stop", "nothing"], ["export", "nothing"], ["verify", "nothing"], ["chat", "nothing", "--prompt", "x"],
        ["train", "nothing.phitune.yaml"], ["plan", "nothing.phitune.yaml"], ["inspect", "nothing.jsonl"], ["models", "nothing"],
    ],
)  # fmt: skip
def test_what_is_not_there_is_a_sentence(arguments: list[str], capsys: CaptureFixture[str]) -> None:
    assert main(arguments) == 2

    words = capsys.readouterr()
    assert words.out == ""
    assert "nothing" in words.err
    assert "Traceback" not in words.err
    assert "Errno" not in words.err


@pytest.mark.parametrize(
    "arguments",
    [
        ["show", "~nobody-of-that-name/x"], ["chat", "~nobody-of-that-name/x", "--prompt", "x"], ["models", "~nobody-of-that-name"],
        ["inspect", "~nobody-of-that-name/x.jsonl"], ["train", "~nobody-of-that-name/r.phitune.yaml"],
    ],
)  # fmt: skip
def test_the_home_of_an_unknown_user_is_a_sentence(arguments: list[str], capsys: CaptureFixture[str]) -> None:
    assert main(arguments) == 2

    words = capsys.readouterr().err
    assert "nobody-of-that-name" in words
    assert "RuntimeError" not in words


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EACCES])
def test_what_the_system_refuses_before_a_job_starts_is_a_sentence(
    number: int, monkeypatch: pytest.MonkeyPatch, capsys: CaptureFixture[str]
) -> None:
    def refuse(_self: Path, **_options: object) -> None:
        raise OSError(number, os.strerror(number), "/full/home")

    monkeypatch.setattr(Path, "mkdir", refuse)
    assert main(["doctor", "--json"]) == 2
    error = _json(capsys)["error"]
    assert isinstance(error, dict)
    assert "Errno" not in error["what"]
    monkeypatch.setattr("phitune_gui.cli.runs.settled_runs", lambda: refuse(Path()))
    assert main(["runs", "--json"]) == 2
    error = _json(capsys)["error"]
    assert isinstance(error, dict)
    assert "/full/home" in error["what"]


@pytest.mark.parametrize("length", ["131073", "9" * 30])
def test_a_length_beyond_the_limit_is_a_sentence(tmp_path: Path, length: str, capsys: CaptureFixture[str]) -> None:
    (tmp_path / "rows.jsonl").write_text('{"text": "a"}\n')

    assert main(["inspect", str(tmp_path / "rows.jsonl"), "--max-length", length]) == 2

    words = capsys.readouterr().err
    assert "max_length" in words
    assert "Traceback" not in words


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere there is always a screen")
def test_without_a_screen_the_window_says_so_instead_of_aborting() -> None:
    seen = {name: value for name, value in os.environ.items() if name not in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")}
    command = [sys.executable, "-P", "-m", "phitune_gui"]
    done = subprocess.run(command, env=seen, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith("PhiTune found no screen")


def _a_finished_run(*points: tuple[int, float], recipe: Recipe | None = None) -> Path:
    """A run folder as training leaves it, validated at these steps."""
    folder = create_run_folder(recipe or a_recipe(), a_plan(), "a")
    judged = [e.Evaluated(step=step, loss=loss, rows=10, tokens=100) for step, loss in points]
    events = [*a_training(10), *judged, e.MemoryMeasured(used_bytes=1, peak_bytes=1_276_088_320), e.JobFinished(at=38.5)]
    (folder / EVENTS_FILE).write_bytes(b"".join(e.event_to_line(event) for event in events))
    return folder


def test_a_run_that_went_too_far_tells_both_losses_and_what_to_do(capsys: CaptureFixture[str]) -> None:
    folder = _a_finished_run((4, 1.048), (10, 5.911))

    main(["runs"])
    listed = capsys.readouterr().out
    main(["show", folder.name])
    shown = capsys.readouterr()
    main(["show", folder.name, "--json"])
    run = _json(capsys)["run"]

    assert "1.0480 (step 4)" in listed
    assert "5.9110" in listed
    assert "by heart" in shown.err
    assert isinstance(run, dict)
    assert (run["best_validation_loss"], run["best_validation_step"]) == (1.048, 4)
    assert (run["last_validation_loss"], run["last_validation_step"]) == (5.911, 10)


def test_inspect_says_when_nothing_is_usable_and_how_to_mend_it(model: Path, data: Path, capsys: CaptureFixture[str]) -> None:
    data.write_text("".join(json.dumps({**row, "question": "Well? " * 40 + row["question"]}) + "\n" for row in ROWS), "utf-8")

    assert main(["inspect", str(data), "--model", str(model), "--max-length", "16"]) == 0

    said = capsys.readouterr().err
    assert "Nothing of this dataset can be learned." in said
    assert "Raise --max-length above 16." in said


def test_show_speaks_to_people_and_tells_the_recipe(capsys: CaptureFixture[str]) -> None:
    folder = _a_finished_run((10, 1.5), recipe=a_recipe(epochs=60))

    assert main(["show", folder.name]) == 0

    shown = " ".join(capsys.readouterr().out.split())
    for words in ("peak memory 1.3 GB", "time 38 s", "made 1970-01-0", "technique.id lora", "technique.rank 16", "training.epochs 60.0"):
        assert words in shown
    assert "data.sources.0.path /data/rows.jsonl" in shown
    assert "e+0" not in shown
    assert "launcher" not in shown


def test_the_memory_of_a_run_with_several_processes_is_said_to_be_that_of_one(capsys: CaptureFixture[str]) -> None:
    folder = _a_finished_run((10, 1.5), recipe=with_value(a_recipe(), "launcher", {"id": "ddp", "processes": 2}))

    assert main(["show", folder.name]) == 0

    assert "peak memory per process 1.3 GB" in " ".join(capsys.readouterr().out.split())


def test_the_help_names_every_preset() -> None:
    assert PRESET_IDS.replace(" or ", ", ").split(", ") == [each.id for each in PRESETS]


def test_a_recipe_begins_with_a_preset_and_options_win(tmp_path: Path, model: Path, data: Path, capsys: CaptureFixture[str]) -> None:
    out = tmp_path / "r.phitune.yaml"
    command = ["recipe", "new", "--model", str(model), "--data", str(data), "--out", str(out)]

    assert main([*command, "--preset", "olive", "-o", "training.max_steps=20", "--json"]) == 0
    assert "150 steps" in str(_json(capsys)["why"])
    recipe = load_recipe(out)
    assert (recipe.technique.options["rank"], recipe.training.max_steps, recipe.training.max_grad_norm) == (64, 20, 0.3)
    assert main([*command, "--preset", "recommended", "--technique", "dora", "--force"]) == 0
    assert "Three passes over 40 rows" in capsys.readouterr().err
    assert load_recipe(out).technique.id == "dora"
    assert main([*command, "--preset", "magic", "--json"]) == 2
    assert "recommended" in str(_json(capsys)["error"])
