"""The import contract of the areas: its layers are the list in domain/areas.py."""

from typing import Any

from importlinter.contracts.layers import LayersContract

from domain.areas import AREAS


class AreasContract(LayersContract):
    """Areas import lower areas only, and every folder of `domain` is an area."""

    def __init__(self, name: str, session_options: dict[str, Any], contract_options: dict[str, Any]) -> None:
        layers = {"containers": ["domain"], "layers": ["areas", *reversed(AREAS)], "exhaustive": "True"}
        super().__init__(name, session_options, contract_options | layers)
