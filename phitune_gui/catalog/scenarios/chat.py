"""Scenario 4: a chat that sounds like a person."""

from phitune_gui.catalog.scenarios.scenario import Scenario

CHAT = Scenario(
    id="chat",
    label="Talk like you",
    hint="Chat in your own tone",
    title="Fine-tuning for generating human-like responses in chatbots",
    title_ta="சாட்பாட்களில் மனிதர்களைப் போன்ற பதில்களை உருவாக்க நுணுக்கமாக அமைத்தல்",
    aim="task",
)
