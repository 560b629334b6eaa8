"""Scenario 1: a model that learns a task or a field."""

from phitune_gui.catalog.scenarios.scenario import Scenario

ADAPT = Scenario(
    id="adapt",
    label="Adapt to a field",
    hint="Your own documents",
    title="Adapting pre-trained LLMs to specific tasks or domains",
    title_ta="முன்னதாக பயிற்சி பெற்ற LLMகளை குறிப்பிட்ட பணிகள் அல்லது துறைகளுக்கு ஏற்ப மாற்றுதல்",
    aim="task",
)
