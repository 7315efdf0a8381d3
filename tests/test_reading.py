import time
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from detente.crisisfile import building, reading
from detente.crisisfile.reading import dotted, read, read_file
from detente.crisisfile.scalars import ScalarError, resolve_scalar
from detente.crisisfile.suggest import did_you_mean
from detente.errors import CrisisFileError

INVALID = Path(__file__).parent / "cases" / "invalid"
CASES = sorted(INVALID.glob("yaml_*.yaml"))


def faults_of(text):
    with pytest.raises(CrisisFileError) as caught:
        read(text, "crisis.yaml")
    return caught.value.faults


class TestScalars:
    @pytest.mark.parametrize(
        "text",
        [
            "NO",
            "no",
            "yes",
            "on",
            "off",
            "y",
            "2024-11-30",
            "2025-01-20T17:00",
            "×3",
            "1_000",
            "12:30",
            "0o9",
            "0x",
            "+",
            "-",
            ".",
            "1e",
            "e5",
            "..",
            "-.x",
            "+-1",
            "1.2.3",
            "Infinity",
            "nan",
        ],
    )
    def test_stays_text(self, text):
        assert resolve_scalar(text) == text

    @pytest.mark.parametrize(
        ("text", "value"),
        [
            ("", None),
            ("~", None),
            ("null", None),
            ("Null", None),
            ("true", True),
            ("FALSE", False),
            ("0", 0),
            ("-15", -15),
            ("+3", 3),
            ("0o17", 15),
            ("0x1F", 31),
            ("1.", 1.0),
            (".5", 0.5),
            ("-0.0", -0.0),
            ("3e5", 3e5),
            ("1E-3", 1e-3),
            ("1e-999", 0.0),
            ("1e300", 1e300),
        ],
    )
    def test_core_schema(self, text, value):
        resolved = resolve_scalar(text)
        assert resolved == value
        assert type(resolved) is type(value)

    @pytest.mark.parametrize("text", ["0871", "00", "-07", "+010"])
    def test_digits_with_a_leading_zero_are_refused(self, text):
        with pytest.raises(ScalarError, match="would be read as the number"):
            resolve_scalar(text)

    @pytest.mark.parametrize(
        "text", [".inf", "-.INF", "+.Inf", ".nan", ".NaN", "1e301", "-1e999", "9" * 301, "9" * 5000]
    )
    def test_numbers_that_are_not_finite_or_too_large_are_refused(self, text):
        with pytest.raises(ScalarError, match=r"finite|too large"):
            resolve_scalar(text)

    def test_other_bases_have_a_bound_too(self):
        with pytest.raises(ScalarError, match="too large"):
            resolve_scalar("0x" + "f" * 5000)


class TestRead:
    def test_plain_data(self):
        tree = read("a: 1\nb: [x, 'y', {c: null}]\nd:\n- e: |\n    text\n- 2.5\n")
        assert tree.data == {"a": 1, "b": ["x", "y", {"c": None}], "d": [{"e": "text\n"}, 2.5]}

    def test_quoted_scalars_stay_text(self):
        assert read("a: \"0871\"\nb: 'true'\nc: \"12\"\nd: ''").data == {
            "a": "0871",
            "b": "true",
            "c": "12",
            "d": "",
        }

    def test_instants_in_braces(self):
        assert read("calendar: {inauguration: 2025-01-20T17:00}").data["calendar"] == {
            "inauguration": "2025-01-20T17:00"
        }

    def test_order_of_keys_is_kept(self):
        assert list(read("z: 1\na: 2\nm: 3").data) == ["z", "a", "m"]

    def test_json_is_yaml(self):
        assert read('{"a": [1, 2.5, true, null, "x"], "b": {}}').data == {
            "a": [1, 2.5, True, None, "x"],
            "b": {},
        }

    def test_aliases_repeat_their_anchor(self):
        tree = read("a: &x {b: [1]}\nc: *x\nd: [*x, *x]")
        assert tree.data["c"] == tree.data["a"] == tree.data["d"][1]
        assert tree.data["c"] is not tree.data["a"]
        assert tree.data["c"]["b"] is not tree.data["a"]["b"]

    def test_an_alias_may_stand_for_a_key(self):
        assert read("a: &x name\n*x : 1").data == {"a": "name", "name": 1}

    def test_comments_and_line_ends(self):
        assert read("# c\r\na: 1 # c\r\n\r\nb: x#y\r\n").data == {"a": 1, "b": "x#y"}

    def test_files_are_named_by_their_last_part(self, tmp_path):
        path = tmp_path / "crisis.yaml"
        path.write_text("a: ünïcode", encoding="utf-8")
        tree = read_file(path)
        assert (tree.data, tree.file) == ({"a": "ünïcode"}, "crisis.yaml")

    def test_missing_file(self, tmp_path):
        with pytest.raises(CrisisFileError, match="there is no file"):
            read_file(tmp_path / "nowhere.yaml")

    def test_a_folder_is_no_file(self, tmp_path):
        with pytest.raises(CrisisFileError, match="there is no file"):
            read_file(tmp_path)


class TestLines:
    TREE = read("a: 1\nb:\n  c: [x,\n    y]\n  d:\n  - e: 1\n\n  - {f: 2}\n")

    @pytest.mark.parametrize(
        ("path", "line"),
        [
            ((), 1),
            (("a",), 1),
            (("b",), 2),
            (("b", "c"), 3),
            (("b", "c", 0), 3),
            (("b", "c", 1), 4),
            (("b", "d", 0), 6),
            (("b", "d", 0, "e"), 6),
            (("b", "d", 1), 8),
            (("b", "d", 1, "f"), 8),
        ],
    )
    def test_every_key_and_item(self, path, line):
        assert self.TREE.line(path) == line

    @pytest.mark.parametrize(("path", "line"), [(("b", "c", "z"), 3), (("b", "d", 9, "z"), 5), (("zz",), 1)])
    def test_nearest_around(self, path, line):
        assert self.TREE.line(path) == line

    def test_inside_an_alias_the_line_is_that_of_the_alias(self):
        assert read("a: &x {b: 1}\nc: *x").line(("c", "b")) == 2

    def test_dotted(self):
        assert dotted(("a", 0, "b.c", 2)) == "a[0].b.c[2]"
        assert dotted(()) == ""


class TestRefusals:
    def test_there_are_enough_cases(self):
        assert len(CASES) >= 40

    @pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
    def test_case(self, path):
        with pytest.raises(CrisisFileError) as caught:
            read_file(path)
        for words in path.with_suffix(".txt").read_text(encoding="utf-8").splitlines():
            assert words in str(caught.value)

    def test_every_fault_at_once(self):
        faults = faults_of("a: 0871\nb: .inf\na: 2\n5: x\nc: !t y\nd: [\n")
        assert [fault.line for fault in faults[:5]] == [1, 2, 3, 4, 5]
        assert "not YAML" in faults[5].message

    def test_a_fault_names_file_line_path_and_remedy(self):
        (fault,) = faults_of("x:\n  - cameo: 0871\n")
        assert (fault.file, fault.line, fault.path) == ("crisis.yaml", 2, "x[0].cameo")
        assert fault.hint

    def test_a_duplicate_key_keeps_the_rest_readable(self):
        assert len(faults_of("a: {b: 1}\na: {b: 2, c: 0871}\nd: 5")) == 2

    def test_too_many_faults_end_the_reading(self):
        assert len(faults_of("".join(f"k{i}: 07\n" for i in range(500)))) == building.MAX_FAULTS


class TestHugeInput:
    """None of it may hang or exhaust memory."""

    @pytest.fixture(autouse=True)
    def _in_time(self):
        start = time.perf_counter()
        yield
        assert time.perf_counter() - start < 20.0

    def test_ten_megabytes_are_refused_before_parsing(self, tmp_path):
        path = tmp_path / "crisis.yaml"
        path.write_bytes(b"a: " + b"x" * 10_000_000)
        start = time.perf_counter()
        with pytest.raises(CrisisFileError, match=r"10,000,003 bytes, which is too large[^$]*2,000,000"):
            read_file(path)
        assert time.perf_counter() - start < 1.0

    def test_ten_megabytes_of_text(self):
        assert "too large" in faults_of("a: " + "x" * 10_000_000)[0].message

    def test_size_counts_bytes(self):
        assert "too large" in faults_of("a: " + "×" * 1_000_001)[0].message

    def test_exponential_aliases(self):
        levels = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
        levels += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 30)]
        (fault,) = faults_of("\n".join(levels))
        assert "expands to too many parts" in fault.message
        assert "200,000" in fault.hint

    def test_aliases_that_nest_deeper_and_deeper(self):
        levels = ["a0: &a0 [x]", *(f"a{i}: &a{i} [*a{i - 1}]" for i in range(1, 200))]
        (fault,) = faults_of("\n".join(levels))
        assert "nests more than 60 deep" in fault.message
        assert fault.line == 60

    @pytest.mark.parametrize("text", ["[" * 500_000, "a: " + "[" * 500_000, "{a: " * 200_000, "- " * 500_000])
    def test_deep_nesting(self, text):
        assert "nests more than 60 deep" in faults_of(text)[0].message

    def test_nesting_just_allowed(self):
        read("a: " + "[" * (building.MAX_DEPTH - 1) + "]" * (building.MAX_DEPTH - 1))

    def test_many_items(self):
        assert "too many parts" in faults_of("a:\n" + "- b\n" * 400_000)[0].message

    @pytest.mark.parametrize(
        "text",
        [
            "x" * 1_900_000,
            "a: '" + "y" * 1_900_000,
            "#" * 1_900_000,
            "\n" * 1_900_000,
            "? a\n" * 400_000,
            "'" * 1_000_000,
            "a: b: " * 100_000,
            "a: |\n" + " x\n" * 500_000 + "b",
            "&a " * 300_000,
            "[]," * 300_000,
            "{}" * 300_000,
            "--- \n" * 300_000,
            "a: " + "9" * 1_000_000,
        ],
    )
    def test_long_texts(self, text):
        assert faults_of(text)

    def test_three_thousand_lines_are_read_quickly(self):
        entry = (
            "  k{0}:\n    title: action number {0}\n"
            "    rate: {{value: 2 per year, spread: ×2, source: [S14, E{0}]}}\n"
        )
        text = "actions:\n" + "".join(entry.format(i) for i in range(1000))
        start = time.perf_counter()
        tree = read(text)
        assert time.perf_counter() - start < 3.0
        assert tree.line(("actions", "k999", "rate", "source", 1)) == 3001


names = st.text("abcdefgh_", min_size=1, max_size=8)
# the writer leaves ':' and '?' unquoted where its own parser then reads a key
scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(10**20), 10**20)
    | st.floats(-1e300, 1e300, allow_nan=False)
    | st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"], exclude_characters=":?"))
)
data = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(names, inner, max_size=4),
    max_leaves=25,
)
fragments = st.sampled_from(
    [
        "a",
        "b: ",
        ": ",
        "- ",
        "\n",
        "  ",
        "[",
        "]",
        "{",
        "}",
        ",",
        "'",
        '"',
        "&x ",
        "*x",
        "!t ",
        "|",
        ">",
        "? ",
        "#",
        "%",
        "---",
        "...",
        "0",
        "1.5",
        "\\",
        "<<",
        "~",
        "\t",
        "\x00",
        "×",
        "\ufeff",
        "\u2028",
        "@",
        "`",
        "\\x",
        ".inf",
    ]
)


class TestProperties:
    @settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(st.dictionaries(names, data, max_size=5), st.booleans())
    def test_what_is_written_is_read_back(self, tmp_path_factory, written, flow):
        writer = YAML(typ="safe", pure=True)
        writer.version = None
        writer.default_flow_style = flow
        writer.allow_unicode = True
        path = tmp_path_factory.mktemp("written") / "crisis.yaml"
        writer.dump(written or {"a": 1}, path)
        assert read_file(path).data == (written or {"a": 1})

    @settings(max_examples=400, deadline=5000)
    @given(st.text(max_size=200) | st.lists(fragments, max_size=40).map("".join))
    def test_any_text_is_read_or_refused(self, text):
        try:
            tree = read(text)
        except CrisisFileError as problem:
            faults = problem.faults
        else:
            faults = ()
            assert all(1 <= line <= text.count("\n") + text.count("\r") + 1 for line in tree.lines.values())
        assert all(fault.message and fault.file == "text" for fault in faults)

    @settings(max_examples=200, deadline=5000)
    @given(st.binary(max_size=200))
    def test_any_bytes_are_read_or_refused(self, tmp_path_factory, raw):
        path = tmp_path_factory.mktemp("bytes") / "crisis.yaml"
        path.write_bytes(raw)
        with suppress(CrisisFileError):
            read_file(path)

    @given(st.text(max_size=30))
    def test_any_scalar_is_resolved_or_refused(self, text):
        with suppress(ScalarError):
            resolve_scalar(text)


class TestDidYouMean:
    def test_nearest(self):
        assert did_you_mean("recipent", ["actor", "recipient"]) == "Did you mean 'recipient'?"

    def test_letter_case_does_not_matter(self):
        assert did_you_mean("usr", ["USA.president", "USSR"]) == "Did you mean 'USSR'?"

    def test_nothing_near(self):
        for name, known in (("xyz", ["actor"]), ("", ["a"]), ("x" * 10_000, ["x" * 9_999])):
            assert did_you_mean(name, known) == ""


def test_limits_are_documented():
    assert reading.MAX_BYTES == 2_000_000
    assert building.MAX_NODES == 200_000
    assert building.MAX_DEPTH == 60
