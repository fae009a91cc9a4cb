"""Files are read in parts of any size, and each wrong record is named with its line."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit.tabular import csv_records, json_records
from kit.tabular.formats import DELIMITERS, FileFormat
from kit.tabular.records import MAX_RECORD_BYTES, Part, UnreadableFile
from kit.tabular.writing import write_csv, write_json_lines

CSV, JSON = FileFormat(), FileFormat(kind="jsonl")
ANY = 10**6


def read_whole(content, file_format=CSV, *, size=ANY, limit=ANY):
    """Read the file in parts of `size` bytes, at most `limit` records at once."""
    module = json_records if file_format.is_jsonl else csv_records
    parts = [content[at : at + size] for at in range(0, len(content), size)] or [b""]
    records, line, header, rest = [], 1, None, b""
    for number, part in enumerate(parts):
        rest += part
        is_last = number == len(parts) - 1
        while True:
            read = module.read(Part(rest, line, header, is_last), file_format, limit=limit)
            records += read.records
            line, header, rest = read.line, read.header, rest[read.consumed :]
            if len(read.records) < limit:
                break
    assert rest == b""
    return records


def cells(records):
    return [record.cells for record in records]


def problems(records):
    return [(record.line, record.problem) for record in records if record.problem]


class TestCsv:
    def test_names_cells_by_the_first_line_and_counts_physical_lines(self):
        read = read_whole(b'name,note\r\nAda,"two\nlines"\r\n\r\nEve,\r\n')
        assert cells(read) == [{"name": "Ada", "note": "two\nlines"}, {"name": "Eve", "note": None}]
        assert [record.line for record in read] == [2, 5]

    def test_goes_on_after_a_wrong_record(self):
        read = read_whole(b'name,note\nAda,1,2\n"A"b,1\nEve\xff,1\nNul\x00,1\nMax,5" pipe\n')
        assert problems(read) == [
            (2, "The line has 3 cells, and the first line of the file 2."),
            (3, "Write a quotation mark in a quoted cell twice."),
            (4, "This is not encoded in utf-8, as the file declares."),
            (5, "Remove the NUL character."),
        ]
        assert cells(read)[-1] == {"name": "Max", "note": '5" pipe'}

    @pytest.mark.parametrize(
        ("content", "line", "problem"),
        [
            (b"", 1, "The file is empty"),
            (b"name;note\nAda;1\n", 1, "separated by ';'"),
            (b"name,name\n", 1, "Two columns are called 'name'"),
            (b"name,\n", 1, "Column 2 has no name"),
            (b'name\nAda\n"Eve\nMax\n', 3, "is not closed"),
            (b'name\nAda\n"' + b"x\n" * MAX_RECORD_BYTES, 3, "longer than 65536 bytes"),
            (b"x" * (MAX_RECORD_BYTES + 1), 1, "longer than 65536 bytes"),
            ("name\n".encode("utf-16"), 1, "UTF-16"),
        ],
        ids=lambda value: value[:20] if isinstance(value, bytes) else None,
    )
    def test_says_from_which_line_on_it_cannot_be_read(self, content, line, problem):
        with pytest.raises(UnreadableFile, match=problem) as raised:
            read_whole(content, size=100_000)
        assert raised.value.line == line

    def test_takes_a_byte_order_mark_for_the_declared_encoding_only(self):
        assert cells(read_whole(b"\xef\xbb\xbfname\nAda\n")) == [{"name": "Ada"}]
        with pytest.raises(UnreadableFile, match="declare UTF-8"):
            read_whole(b"\xef\xbb\xbfname\nAda\n", FileFormat(encoding="windows-1252"))

    def test_reads_the_declared_encoding_and_delimiter(self):
        german = FileFormat(encoding="windows-1252", delimiter=";")
        assert cells(read_whole("name;note\nJürgen;€\n".encode("windows-1252"), german)) == [
            {"name": "Jürgen", "note": "€"}
        ]


class TestJsonLines:
    def test_keeps_numbers_as_they_are_written(self):
        read = read_whole(b'{"a": 33.610000000000000001, "b": 1e999999999, "c": null, "d": true, "e": ["x"]}\n', JSON)
        assert cells(read) == [
            {"a": "33.610000000000000001", "b": "1e999999999", "c": None, "d": True, "e": ["x"]}
        ]  # fmt: skip

    @pytest.mark.parametrize(
        ("line", "problem"),
        [
            (b"{", "This is not JSON."),
            (b"[" * 30_000, "This is not JSON."),
            (b"[]", "Write an object in each line, such as {...}."),
            (b'{"a": {}}', "a: write text, a number, true, false, null, or a list of texts."),
            (b'{"a": 1, "a": 2}', "A name occurs twice."),
            (b'{"a": NaN}', "NaN is not JSON."),
            (b'{"a": "\\ud800"}', "Remove the unpaired surrogate, which is no character."),
            (b'{"a": "\\u0000"}', "Remove the NUL character."),
            (b'{"a": "\xff"}', "This is not encoded in UTF-8."),
        ],
        ids=lambda value: value[:20] if isinstance(value, bytes) else None,
    )
    def test_goes_on_after_a_wrong_line(self, line, problem):
        read = read_whole(line + b'\n{"a": "b"}', JSON)
        assert problems(read) == [(1, problem)]
        assert cells(read)[-1] == {"a": "b"}


NAMES = ["id", "name", "tags"]
TEXT = st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\x00"), max_size=20)
ROWS = st.lists(st.fixed_dictionaries(dict.fromkeys(NAMES, TEXT)), max_size=8)


class TestLimit:
    def test_leaves_any_number_of_records_to_the_next_call(self):
        rows = [{"name": f"Customer {number}"} for number in range(10_000)]
        content = write_csv(["name"], rows, with_header=True).encode()
        assert len(content) > 2 * MAX_RECORD_BYTES
        assert cells(read_whole(content, limit=1_000)) == rows
        assert cells(read_whole(write_json_lines(rows).encode(), JSON, limit=1_000)) == rows


class TestAnyFile:
    @given(rows=ROWS, size=st.integers(1, 40), limit=st.integers(1, 3))
    def test_is_read_as_it_was_written_whatever_the_parts(self, rows, size, limit):
        content = write_csv(NAMES, rows, with_header=True).encode()
        wanted = [{name: text or None for name, text in row.items()} for row in rows]
        assert cells(read_whole(content, size=size, limit=limit)) == wanted
        lines = write_json_lines(rows).encode()
        assert cells(read_whole(lines, JSON, size=size, limit=limit)) == rows

    @given(
        content=st.one_of(st.binary(max_size=300), st.text(string.printable, max_size=300).map(str.encode)),
        size=st.integers(1, 50),
        delimiter=st.sampled_from(DELIMITERS),
        kind=st.sampled_from(["csv", "jsonl"]),
    )
    def test_is_read_alike_in_parts_and_whole_or_refused(self, content, size, delimiter, kind):
        file_format = FileFormat(kind=kind, delimiter=delimiter)
        results = []
        for each in (size, ANY):
            try:
                results.append(read_whole(content, file_format, size=each))
            except UnreadableFile as error:
                results.append((error.line, error.problem))
        assert results[0] == results[1]
