"""Scenario 9: one run that uses the memory of several devices."""

from phitune_gui.catalog.scenarios.scenario import Correction, Scenario

AGGREGATE_GPU = Scenario(
    id="aggregate_gpu",
    label="Use all devices",
    hint="Several GPUs",
    title="Memory-efficient form of data parallelism giving access to the aggregate GPU memory of all available GPU devices",
    title_ta="தரவு இணைமுறையின் மெமரி திறமையான வடிவம், கிடைக்கும் அனைத்து GPU சாதனங்களின் மொத்த GPU மெமரியை அணுக அனுமதிக்கிறது",
    aim="devices",
    says_no=(
        "LoRA",
        "QLoRA",
        "PEFT",
    ),
    corrections=(Correction("DORA", False, "DoRA changes how weights are trained; it does not share memory between devices."),),
)
