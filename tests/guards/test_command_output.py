"""All commands print JSON through one function."""

from tests.guards.source_tree import ROOT

PRINTER = "ops/commands/output.py"


class TestJson:
    def test_is_printed_by_one_function(self):
        commands = [ROOT / "ops" / "cli.py", *(ROOT / "ops" / "commands").glob("*.py")]
        printing = {str(path.relative_to(ROOT)) for path in commands if "json.dumps" in path.read_text()}
        assert printing == {PRINTER}
