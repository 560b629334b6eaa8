"""The advising side of the session: presets, and the ranking of techniques for what a person wants to do."""

from typing import Any

from qasync import asyncSlot

from phitune_gui.catalog.presets import preset
from phitune_gui.catalog.scenarios import scenario
from phitune_gui.core.recipe import with_value
from phitune_gui.planning import apply_preset as presets
from phitune_gui.planning.advise import Place, advise, ranked_by
from phitune_gui.planning.fitted import Ground
from phitune_gui.planning.launchers import LauncherRow, launcher_matrix, with_launcher
from phitune_gui.planning.technique_matrix import technique_refusals
from phitune_gui.planning.typical import typical_model, typical_report, with_typical_lengths
from phitune_gui.ui.session_start import SessionStart


class SessionAdvice(SessionStart):
    """Advice follows every plan; it is made in a thread, because it plans once for each technique."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.applied_preset: tuple[str, presets.Applied] | None = None
        self.scenario = ""
        self.advice: tuple[Place, ...] = ()
        self._advise_again = self._advising = False
        self.plan_changed.connect(self.refresh_advice)

    def apply_preset(self, id: str) -> None:
        """Sets everything that the preset says as one undo step."""
        if self.hardware is None:
            return
        applied = presets.apply_preset(preset(id), self.recipe, Ground(self.model, self.report, self.hardware))
        self.applied_preset = id, applied
        self._edit(applied.recipe)
        self.say(self.tr("Settings of a preset. Undo brings yours back."))

    @property
    def shown_preset(self) -> tuple[str, presets.Applied] | None:
        """The preset whose settings the recipe still has, untouched."""
        applied = self.applied_preset
        return applied if applied is not None and applied[1].recipe == self.recipe else None

    def choose_launcher(self, id: str) -> None:
        """Starts the run so, with a sensible number of processes, as one undo step; the chosen one again mends what does not suit it."""
        devices = len(self.hardware.gpus) if self.hardware else 0
        self.forget_fields("launcher.")
        self._edit(with_launcher(self.recipe, id, devices))

    @property
    def launcher_rows(self) -> tuple[LauncherRow, ...]:
        """What each way to start would make of the recipe; nothing until this machine is known."""
        if self.hardware is None:
            return ()
        return launcher_matrix(self.recipe, Ground(self.model, self.report, self.hardware))

    @property
    def technique_refusals(self) -> dict[str, str]:
        """Ids of the techniques that do not work here, with the reason."""
        return technique_refusals(Ground(self.model, self.report, self.hardware)) if self.hardware else {}

    def choose_scenario(self, id: str) -> None:
        """Ranks the techniques for this scenario, now and after every edit."""
        if id != self.scenario:
            self.scenario, self.advice = id, ()
            self.advice_changed.emit()
        self.refresh_advice()

    def begin_scenario(self, id: str) -> None:
        """Chooses the scenario and shows its ranking."""
        self.choose_scenario(id)
        self.page_requested.emit("tune")

    def use_place(self, place: Place) -> None:
        """Takes an advised technique with every change that it needs to fit here, as one undo step."""
        same = self.recipe.technique.id == place.technique
        recipe = self.recipe if same else with_value(self.recipe, "technique", {"id": place.technique})
        for change in place.changes:
            recipe = with_value(recipe, change.field, change.value)
        self._edit(recipe)

    @property
    def advice_order(self) -> str:
        """What the ranking goes by, in a sentence."""
        return ranked_by(scenario(self.scenario), self.advice) if self.scenario and self.advice else ""

    @property
    def advice_assumes(self) -> str:
        """What the ranking had to assume, in a sentence; empty when model and data are known."""
        missing = (self.model is None or not self.model.layers, self.report is None)
        return {
            (True, True): self.tr("Reckoned with Phi-3-mini and 1,000 rows until a model and data are chosen."),
            (True, False): self.tr("Reckoned with Phi-3-mini until a model is chosen."),
            (False, True): self.tr("Reckoned with 1,000 rows until data are chosen."),
        }.get(missing, "")

    @asyncSlot()
    async def refresh_advice(self) -> None:
        """Makes the ranking anew; a change meanwhile asks again, so the newest recipe always wins."""
        if not self.scenario or self.hardware is None:
            return
        self._advise_again = True
        if self._advising:
            return
        self._advising = True
        try:
            while self._advise_again:
                self._advise_again = False
                model = self.model if self.model is not None and self.model.layers else typical_model()
                ground = Ground(model, with_typical_lengths(self.report or typical_report()), self.hardware)
                self.advice = await self.background.call(advise, scenario(self.scenario), self.recipe, ground)
        finally:
            self._advising = False
        self.advice_changed.emit()
