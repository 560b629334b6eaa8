"""Scenario 2: texts sorted into classes, names found in them, translations."""

from phitune_gui.catalog.scenarios.scenario import Scenario

NLP = Scenario(
    id="nlp",
    label="Classify, extract, translate",
    hint="Labels and languages",
    title="Fine-tuning for NLP tasks such as text classification, named-entity recognition and translation",
    title_ta="உரையியல் பணிகளுக்கு, உதாரணமாக உரை வகைப்படுத்தல், பெயரிடப்பட்ட பொருள் அடையாளம் மற்றும் மொழிபெயர்ப்பு",
    aim="task",
)
