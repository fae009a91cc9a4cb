"""Cases with their right values, as files that tests in other languages can read, too."""

import json
from pathlib import Path

MONEY = json.loads((Path(__file__).parent / "money.json").read_text())
