"""Scripts read the same kind of JSON from every command."""

from tests.house.places import ROOT

PRINTER = "ops/commands/output.py"


class TestJson:
    def test_is_printed_by_one_function_which_knows_how_times_are_written(self):
        commands = [ROOT / "ops" / "cli.py", *(ROOT / "ops" / "commands").glob("*.py")]
        printing = {str(path.relative_to(ROOT)) for path in commands if "json.dumps" in path.read_text()}
        assert printing == {PRINTER}
