"""Small real values for tests: recipes, models, machines, events."""

from phitune_gui.core import events as e
from phitune_gui.core.base_model import BaseModel, ChatMarkers
from phitune_gui.core.dataset_report import DatasetReport, Lengths
from phitune_gui.core.hardware import Hardware
from phitune_gui.core.parity import Bar, ParityReport
from phitune_gui.core.plan import Plan
from phitune_gui.core.recipe import DataSection, DataSource, ModelSection, Recipe, TrainingSection

GB = 1_000_000_000


def a_recipe(model: str = "/models/phi", data: str = "/data/rows.jsonl", **training: object) -> Recipe:
    """A LoRA recipe."""
    return Recipe(
        model=ModelSection(path=model),
        data=DataSection(sources=(DataSource(path=data),)),
        training=TrainingSection.model_validate(training),
    )


def a_model(path: str = "/models/phi") -> BaseModel:
    """Phi-3-mini as its folder would be read."""
    return BaseModel(
        path=path, name="Phi-3-mini-4k", family="Phi-3-mini", model_type="phi3", usable=True, dtype="bfloat16",
        weight_bytes=7_642_159_104, parameters=3_821_079_552, context=4096, hidden=3072, intermediate=8192, layers=32, heads=32,
        key_value_heads=32, head_size=96, vocabulary=32064, sliding_window=2047, has_weights=True, has_tokenizer=True,
        chat=ChatMarkers(answer_header="<|assistant|>", answer_end="<|end|>"),
    )  # fmt: skip


def a_report(train_rows: int = 90, validation_rows: int = 10) -> DatasetReport:
    """A clean dataset."""
    rows = train_rows + validation_rows
    return DatasetReport(
        files=("/data/rows.jsonl",), format="question_answer", format_certainty=1.0, format_reason="all rows", encoding="UTF-8",
        rows=rows, kept=rows, train_rows=train_rows, validation_rows=validation_rows, max_length=1024,
        lengths=Lengths(min=10, p50=80, p95=200, max=300, histogram=((150, 80), (300, 20))), tokens=9000, learned_tokens=6000,
    )  # fmt: skip


def a_machine(memory_gb: float = 24) -> Hardware:
    """A laptop without a graphics processor."""
    memory = int(memory_gb * GB)
    return Hardware(
        system="Linux", cpu="Test", physical_cores=2, logical_cores=4, memory_bytes=memory, available_memory_bytes=memory,
        free_disk_bytes=80 * GB,
    )  # fmt: skip


def a_training(steps: int = 5, total: int = 10) -> list[e.Event]:
    """The events of a run that is under way."""
    began: list[e.Event] = [
        e.AttemptBegan(at=1.0, attempt=1, from_step=0, pid=4711),
        e.StageBegan(at=1.1, stage="loading"),
        e.TrainingBegan(at=2.0, total_steps=total, trainable_parameters=10, total_parameters=100, train_rows=90, validation_rows=10),
        e.Evaluated(at=2.5, step=0, loss=2.0, rows=10, tokens=100),
        e.StageBegan(at=2.6, stage="training"),
    ]
    return began + [a_step(number) for number in range(1, steps + 1)]


def a_step(number: int, loss: float | None = None) -> e.StepLogged:
    """One optimizer step."""
    return e.StepLogged(
        at=3.0 + number, step=number, epoch=number / 10, loss=2.0 / number if loss is None else loss, learning_rate=1e-4, grad_norm=1.0,
        tokens=100, learned_tokens=60, seconds=0.5,
    )  # fmt: skip


def a_plan() -> Plan:
    """A plan that nothing speaks against."""
    return Plan(trainable_parameters=10, total_parameters=100, trainable_percent=10.0, effective_batch_size=4, steps=10, steps_per_epoch=5)


def a_parity(**changes: object) -> ParityReport:
    """The report of an int8 export that passed."""
    passed = ParityReport(
        target="onnx-cpu-int8", precision="int8", verified=True, why="Verified.", bar=Bar(min_top1=0.95, max_loss_change=0.05),
        positions=1842, texts=16, top1=0.976, kl=0.0052, max_logit_difference=0.82, reference_loss=1.163, export_loss=1.171,
        loss_change=0.008, bytes=267_000_000, load_seconds=0.61, first_token_seconds=0.09, tokens_per_second=98.4,
        tokenizer_agrees=True, stops=True,
    )  # fmt: skip
    return passed.model_copy(update=changes)
