"""The documents agree with the code: diagrams, settings, commands, links, files and functions."""

import ast
import re
import shlex

import pytest

from saga.engine.draw import draw
from saga.place_order import PLACE_ORDER
from tests.api.shared_app import shared_app
from tests.guards.cli_parsing import parse_command
from tests.guards.compose_file import SERVICES
from tests.guards.generated import PARTS, part_of
from tests.guards.source_tree import ROOT, tree

DOCS = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
README = (ROOT / "README.md").read_text()
TOUR = (ROOT / "docs/tour.md").read_text()
DOMAIN = sorted((ROOT / "domain").glob("*/__init__.py"))
DECISIONS = sorted((ROOT / "docs/decisions").glob("[0-9]*.md"))
MAKEFILE = (ROOT / "Makefile").read_text()
EXPLAINED = set(re.findall(r"^([a-z-]+):.*?## \S", MAKEFILE, re.MULTILINE))
by_name = pytest.mark.parametrize("document", DOCS, ids=lambda path: str(path.relative_to(ROOT)))


def code(document, language):
    return re.findall(rf"^```{language}\n(.*?)^```", document.read_text(), re.MULTILINE | re.DOTALL)


def shell(document):
    """Every command of the document's shell blocks, and of its text where it stands in backticks."""
    blocks = "\n".join(code(document, "sh")).replace("\\\n", " ")
    prose = re.sub(r"^```.*?^```", "", document.read_text(), flags=re.MULTILINE | re.DOTALL)
    inline = [" ".join(span.split()) for span in re.findall(r"`([^`]+)`", prose)]
    return [*blocks.splitlines(), *inline]


class TestReadme:
    def test_shows_the_saga_as_declared(self):
        assert code(ROOT / "README.md", "mermaid") == [f"{draw(PLACE_ORDER)}\n"]

    def test_calls_existing_endpoints(self):
        calls = re.findall(r"post (?:-X (\w+) )?\$API(/[\w/$-]+)(.*)", README)
        assert len(calls) > 10
        adapter = shared_app().url_map.bind("127.0.0.1")
        for method, path, rest in calls:
            concrete = re.sub(r"\$\w+", "01a1f9fb-f07c-7766-bd40-d664d485d37e", path)
            asked = method or ("POST" if "-d" in rest else "GET")
            adapter.match(f"/api{concrete}", method=asked)

    def test_names_the_addresses_that_make_up_prefers(self):
        stack = (ROOT / "ops/stack.py").read_text()
        for url in re.findall(r"http://127\.0\.0\.1:(\d+)", README):
            assert f"_local_url({url})" in stack


@pytest.mark.parametrize("name", PARTS)
def test_generated_parts_are_up_to_date(name):
    path, generate = PARTS[name]
    assert part_of((ROOT / path).read_text(), name)[1] == generate(), f"run `make generated`, which writes {path}"


class TestMakefile:
    def test_explains_every_target(self):
        assert set(re.findall(r"^\.PHONY: (\S+)", MAKEFILE, re.MULTILINE)) == EXPLAINED

    def test_has_what_a_newcomer_needs(self):
        assert {"demo", "up", "test", "lint", "imports"} <= EXPLAINED


@by_name
class TestCommands:
    def test_of_make_are_targets(self, document):
        named = {line.split()[1] for line in shell(document) if re.match(r"make [a-z-]+$", line)}
        assert named <= EXPLAINED

    def test_of_orderx_are_commands(self, document):
        for line in shell(document):
            found = re.match(r"(?:\.venv/bin/)?orderx (.*)|docker compose run --rm ops (.*)", line)
            if found and words(found):
                parse_command([re.sub("[<…].*", "01a1f9fb-f07c-7766-bd40-d664d485d37e", word) for word in words(found)])

    def test_of_docker_compose_name_services(self, document):
        commands = "\n".join(line for line in shell(document) if line.startswith("docker compose "))
        named = [*re.findall(r"--scale ([\w-]+)=\d+", commands), *re.findall(r"run --rm (\S+)", commands)]
        assert set(named) <= SERVICES.keys()


def words(found):
    return [word for word in shlex.split(found[1] or found[2], comments=True) if word != "--help"]


@by_name
class TestLinks:
    def test_lead_to_files(self, document):
        links = re.findall(r"\]\((?!https?://)([^)#]+)[^)]*\)", document.read_text())
        assert [link for link in links if not (document.parent / link).exists()] == []

    def test_name_existing_files(self, document):
        named = re.findall(r"`([\w./-]+/[\w.-]+\.(?:py|md|yml|conf|toml))`", document.read_text())
        example = [path for path in named if "coupon" in path]  # the area that the tour adds
        assert [path for path in named if path not in example and not (ROOT / path).is_file()] == []


class TestAreas:
    @pytest.mark.parametrize("path", DOMAIN, ids=lambda path: path.parent.name)
    def test_say_what_they_know(self, path):
        assert ast.get_docstring(tree(path))


class TestTour:
    def test_names_functions_in_the_right_files(self):
        stops = re.findall(r"^- (`[\w/]+\.py`.*)$", TOUR, re.MULTILINE)
        assert len(stops) > 30
        wrong = []
        for stop in stops:
            path = ROOT / re.match(r"`([\w/]+\.py)`", stop)[1]
            functions = {node.name for node in ast.walk(tree(path)) if isinstance(node, ast.FunctionDef)}
            wrong += [f"{name}() in {path.name}" for name in re.findall(r"`(\w+)\(\)`", stop) if name not in functions]
        assert wrong == []

    def test_names_lists_in_the_right_files(self):
        rows = re.findall(r"^\| `(\w+)` \| `([\w./-]+)` \|", TOUR, re.MULTILINE)
        assert rows
        for name, path in rows:
            assert re.search(rf"^{name}\b", (ROOT / path).read_text(), re.MULTILINE), f"{name} in {path}"


class TestDecisions:
    @pytest.mark.parametrize("decision", DECISIONS, ids=lambda path: path.stem)
    def test_have_four_sections_and_name_a_guard(self, decision):
        said = decision.read_text()
        assert re.findall(r"^## (.*)", said, re.MULTILINE) == ["Context", "Decision", "Consequence", "Guarded by"]
        assert re.search(r"`(tests|ops)/[\w/]+\.py`", said.partition("## Guarded by")[2])
        assert len(said.splitlines()) <= 60

    def test_are_listed_under_their_numbers_and_titles(self):
        listed = re.findall(
            r"^\| \[(\d+)\]\((\S+)\) \| (.*) \|$", (ROOT / "docs/decisions/README.md").read_text(), re.MULTILINE
        )
        wanted = []
        for decision in DECISIONS:
            number, title = re.match(r"# (\d+)\. (.*)", decision.read_text()).groups()
            wanted.append((f"{int(number):04}", decision.name, title))
        assert listed == wanted
        assert all(name.startswith(number) for number, name, _ in wanted)
