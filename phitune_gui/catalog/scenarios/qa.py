"""Scenario 3: answers to questions."""

from phitune_gui.catalog.scenarios.scenario import Scenario

QA = Scenario(
    id="qa",
    label="Answer questions",
    hint="With your answers",
    title="Fine-tuning for question-answering (QA) tasks",
    title_ta="கேள்வி-பதில் பணிகளுக்கு நுணுக்கமாக அமைத்தல்",
    aim="task",
)
