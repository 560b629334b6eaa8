"""Scenario 5: songs, poems, descriptions of pictures: as text, because Phi-3 writes nothing else."""

from phitune_gui.catalog.scenarios.scenario import Scenario

CREATIVE = Scenario(
    id="creative",
    label="Write creatively",
    hint="Lyrics, verse, prompts",
    title="Fine-tuning for generating music, art, or other forms of creativity",
    title_ta="இசை, கலை அல்லது பிற படைப்பாற்றல் வடிவங்களை உருவாக்க நுணுக்கமாக அமைத்தல்",
    aim="task",
)
