"""What a first try trains: the shipped harbour keeper's answers, judged on questions that are never learned."""

from pathlib import Path

from phitune_gui.core.recipe import (
    DataSection,
    DataSource,
    ModelSection,
    Recipe,
    TechniqueSection,
    TrainingSection,
    ValidationSection,
)
from phitune_gui.files.resources import resource

_LEARNED, _HELD_OUT = "harbour_answers.jsonl", "harbour_answers_validation.jsonl"


def sample_recipe(name: str, model: Path, max_steps: int | None = None) -> Recipe:
    """LoRA on the shipped rows: one pass over them, or `max_steps` of it."""
    return Recipe(
        name=name,
        model=ModelSection(path=str(model)),
        data=DataSection(
            sources=(DataSource(path=str(resource("datasets", _LEARNED))),),
            max_length=256,
            validation=ValidationSection(path=str(sample_questions())),
        ),
        technique=TechniqueSection(id="lora"),
        training=TrainingSection(epochs=1, max_steps=max_steps, learning_rate=1e-3),
    )


def sample_questions() -> Path:
    """The rows that are held out."""
    return resource("datasets", _HELD_OUT)
