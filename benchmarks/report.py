"""Runs the benchmarks and writes their table into docs/reference/performance.md.

``python benchmarks/report.py`` measures everything (about ten minutes); ``report.py twin lanes`` measures
these parts and keeps the last figures of the others; ``report.py --table`` only writes the table again.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import shutil
import subprocess
from collections.abc import Callable, Iterable
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

import bench_engine as bench
from bench_import import COLUMNS_2, Reading, measure_import
from bench_studies import Study, measure_studies
from dump import NoCompiler

RESULTS = Path(__file__).parent / "results.json"
PAGE = Path(__file__).parents[1] / "docs" / "reference" / "performance.md"
BEGIN, END = "<!-- begin: benchmarks/report.py -->", "<!-- end: benchmarks/report.py -->"

Rows = list[dict[str, Any]]

# ── measuring ────────────────────────────────────────────────────────────────────────────────────


def _speed() -> Rows:
    sizes = [(10_000, 1, 3), (10_000, 2, 3), (100_000, 1, 1), (100_000, 2, 2)]
    return [
        asdict(bench.measure_run(crisis, trajectories, threads, repeat))
        for crisis in bench.crises()
        for trajectories, threads, repeat in sizes
    ]


def _start() -> Rows:
    return [asdict(start) for crisis in bench.crises() for start in bench.measure_start(crisis)]


def _twin() -> Rows:
    return [asdict(bench.measure_twin(crisis)) for crisis in bench.crises()]


def _gillespy2() -> Rows:
    cases = [
        (2, 1.0, 10_000, False), (2, 1.0, 10_000, True), (2, 40.0, 2_000, False), (2, 40.0, 2_000, True),
        (401, 1.0, 1_000, False), (401, 1.0, 1_000, True),
    ]  # fmt: skip
    return [
        asdict(bench.measure_gillespy2(points, busier, trajectories, optimised=optimised))
        for points, busier, trajectories, optimised in cases
    ]


def _mesa() -> Rows:
    return [asdict(bench.measure_mesa())]


def _lanes() -> Rows:
    return [asdict(lanes) for lanes in bench.measure_lanes()]


def _import() -> Rows:
    return [asdict(reading) for reading in measure_import()]


def _studies() -> Rows:
    return [asdict(study) for study in measure_studies()]


PARTS: dict[str, Callable[[], Rows]] = {
    "twin": _twin, "speed": _speed, "start": _start, "gillespy2": _gillespy2, "mesa": _mesa, "lanes": _lanes,
    "import": _import, "studies": _studies,
}  # fmt: skip


def measure(parts: Iterable[str], results: dict[str, Any]) -> None:
    """Measure parts; one that lacks what it needs leaves a reason instead of figures."""
    results["machine"] = machine()
    for part in parts:
        print(f"{part} …", flush=True)
        try:
            results[part] = PARTS[part]()
        except (NoCompiler, ModuleNotFoundError) as problem:
            results[part] = str(problem)


def machine() -> str:
    """What the figures were measured on, without its name."""
    model, flags = platform.machine(), ""
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        text = cpuinfo.read_text()
        found = re.search(r"model name\s*: (.*)", text)
        model = found[1].strip() if found else model
        flags = " with AVX-512" if "avx512f" in text else " with AVX2" if "avx2" in text else ""
    compiler = "no g++"
    if shutil.which("g++"):
        compiler = subprocess.run(["g++", "-dumpfullversion"], capture_output=True, text=True).stdout.strip()
        compiler = f"g++ {compiler}"
    libraries = ", ".join(f"{name} {version(name)}" for name in ("numba", "numpy"))
    python = f"Python {platform.python_version()}"
    return f"{os.cpu_count()} cores of {model}{flags}; {python}, {libraries}, {compiler}"


# ── writing ──────────────────────────────────────────────────────────────────────────────────────


def table(results: dict[str, Any]) -> str:
    """The generated part of the page."""
    sections = [
        f"Measured on {results['machine']}; a virtual machine shared with other work.",
        "### Aims\n\n" + _aims(results),
        *(_section(title, results.get(part), write) for part, title, write in _SECTIONS),
    ]
    return "\n\n".join(sections)


def _section(title: str, rows: Rows | str | None, write: Callable[[Rows], str]) -> str:
    text = "Not measured." if rows is None else rows if isinstance(rows, str) else write(rows)
    return f"### {title}\n\n{text}"


def _markdown(head: list[str], rows: Iterable[Iterable[str]]) -> str:
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows])


def _speed_table(rows: Rows) -> str:
    runs = [bench.Run(**row) for row in rows]
    return _markdown(
        ["crisis", "futures × days", "threads", "s", "CPU s", "10⁶ days/s", "ns/day", "peak MB", "before"],
        (
            [
                run.crisis, f"{run.trajectories:,} × {run.days:.0f}", f"{run.threads}", f"{run.seconds:.2f}",
                f"{run.cpu_seconds:.2f}", f"{run.trajectory_days / 1e6:.2f}", f"{run.nanoseconds:.0f}",
                f"{run.peak_memory:.0f}", f"{run.memory_before:.0f}",
            ]
            for run in runs
        ),
    )  # fmt: skip


def _twin_table(rows: Rows) -> str:
    twins = [bench.Twin(**row) for row in rows]
    return _markdown(
        ["crisis", "engine", "C++, no fusing", "ratio", "registers off by", "C++, fusing", "ratio", "off by"],
        (
            [
                twin.crisis, f"{twin.engine:.0f} ns", f"{twin.exact:.0f} ns", f"{twin.exact_ratio:.2f}",
                f"{twin.exact_difference:g}", f"{twin.fused:.0f} ns", f"{twin.fused_ratio:.2f}",
                f"{twin.fused_difference:.0e}",
            ]
            for twin in twins
        ),
    )  # fmt: skip


def _gillespy2_table(rows: Rows) -> str:
    cases = [bench.Reactions(**row) for row in rows]
    return _markdown(
        ["firings/day", "outputs", "build", "futures", "engine", "GillesPy2", "ratio", "program", "ratio"],
        (
            [
                f"{case.firings_per_day:g}", f"{case.n_points}", "-O3" if case.optimised else "as shipped",
                f"{case.trajectories:,}", f"{case.engine:.0f} µs", f"{case.whole:.0f} µs",
                f"{case.whole_ratio:.1f}", f"{case.program:.0f} µs", f"{case.program_ratio:.1f}",
            ]
            for case in cases
        ),
    )  # fmt: skip


def _mesa_table(rows: Rows) -> str:
    result = bench.Mesa(**rows[0])
    return _markdown(
        ["engine", "Mesa", "ratio"],
        [[f"{result.engine:.0f} ns", f"{result.mesa / 1e3:.1f} µs", f"{result.ratio:.0f}"]],
    )


def _start_table(rows: Rows) -> str:
    kinds = ["cold", "warm"] * (len(rows) // 2)
    starts = [(kind, bench.StartUp(**row)) for row, kind in zip(rows, kinds, strict=True)]
    return _markdown(
        ["crisis", "", "whole process", "CPU time", "start and imports", "loading", "first 100 futures"],
        (
            [
                start.crisis, kind, f"{start.whole:.2f} s", f"{start.cpu:.2f} s", f"{start.imports:.2f} s",
                f"{start.loading:.2f} s", f"{start.first:.2f} s",
            ]
            for kind, start in starts
        ),
    )  # fmt: skip


def _lanes_table(rows: Rows) -> str:
    parts = [bench.Lanes(**row) for row in rows]
    return _markdown(
        ["loop", f"block of {bench.WIDTH}", "one lane", "block / lane", f"at most {bench.SCALAR:.0f}"],
        (
            [
                part.part, f"{part.block:.2f} µs", f"{part.lane:.2f} µs", f"{part.ratio:.1f}",
                "yes" if part.ratio <= bench.SCALAR else "**no: vectorisation is lost**",
            ]
            for part in parts
        ),
    )  # fmt: skip


def _import_table(rows: Rows) -> str:
    readings = [Reading(**row) for row in rows]
    size = f"{readings[0].rows:,} rows of {len(COLUMNS_2)} columns, {readings[0].megabytes:.0f} MB"
    return f"{size}; ratios are of time to the first line.\n\n" + _markdown(
        ["way", "s", "ratio", "CPU s", "ratio", "10³ rows/s"],
        (
            [
                reading.what, f"{reading.seconds:.2f}", f"{reading.ratio:.2f}", f"{reading.cpu_seconds:.2f}",
                f"{reading.cpu_ratio:.2f}", f"{reading.rows_per_second / 1e3:.0f}",
            ]
            for reading in readings
        ),
    )  # fmt: skip


def _studies_table(rows: Rows) -> str:
    studies = [Study(**row) for row in rows]
    return _markdown(
        ["crisis", "study", "futures", "s"],
        ([study.crisis, study.what, f"{study.futures:,}", f"{study.seconds:.2f}"] for study in studies),
    )


_SECTIONS: list[tuple[str, str, Callable[[Rows], str]]] = [
    ("speed", "Speed and memory", _speed_table),
    ("twin", "Against the same kernel in C++", _twin_table),
    ("gillespy2", "Against GillesPy2", _gillespy2_table),
    ("mesa", "Against Mesa", _mesa_table),
    ("start", "Start", _start_table),
    ("lanes", "Vectorised loops", _lanes_table),
    ("import", "Import of event data", _import_table),
    ("studies", "Studies", _studies_table),
]


def _aims(results: dict[str, Any]) -> str:
    def rows(part: str) -> Rows:
        found = results.get(part)
        return found if isinstance(found, list) else []

    lines = []
    for row in rows("twin"):
        for what in ("exact", "fused"):
            name = f"{row['crisis']}: time of the C++ twin, {'no fusing' if what == 'exact' else 'fusing'}"
            ratio = row[f"{what}_ratio"]
            lines.append((name, "≤ 1.35×", ratio, ratio <= 1.35, "×"))
    for row in rows("gillespy2"):
        aim = 5.0 if row["n_points"] == 2 else 50.0
        build = "-O3" if row["optimised"] else "as shipped"
        what = f"GillesPy2 {build}, {row['n_points']} outputs, {row['firings_per_day']:g} firings a day"
        lines.append((what, f"≥ {aim:.0f}×", row["whole_ratio"], row["whole_ratio"] >= aim, "×"))
    lines += [("Mesa", "≥ 200×", row["ratio"], row["ratio"] >= 200.0, "×") for row in rows("mesa")]
    for row in rows("speed"):
        if row["threads"] == 2:
            aim = 0.6 if row["trajectories"] == 10_000 else 5.0
            what = f"{row['crisis']}: {row['trajectories']:,} × {row['days']:.0f} days, 2 threads"
            lines.append((what, f"< {aim} s", row["seconds"], row["seconds"] < aim, " s"))
            memory = row["peak_memory"]
            lines.append((f"{what}: peak memory", "≤ 250 MB", memory, memory <= 250.0, " MB"))
    for row in rows("start")[1::2]:
        lines.append((f"{row['crisis']}: warm start", "< 1 s", row["whole"], row["whole"] < 1.0, " s"))
    for row in rows("studies"):
        if row["futures"] == 20_000 or "levers" in row["what"]:
            aim = 60.0 if "levers" in row["what"] else 2.0
            what = f"{row['crisis']}: {row['what']}"
            lines.append((what, f"< {aim:.0f} s", row["seconds"], row["seconds"] < aim, " s"))
    return _markdown(
        ["what", "aim", "reached", ""],
        (
            [what, aim, f"{value:.3g}{unit}", "yes" if ok else "**no**"]
            for what, aim, value, ok, unit in lines
        ),
    )


def write_page(results: dict[str, Any]) -> None:
    """Put the table between the markers of the page."""
    text = PAGE.read_text(encoding="utf-8")
    before, rest = text.split(BEGIN)
    after = rest.split(END)[1]
    PAGE.write_text(f"{before}{BEGIN}\n\n{table(results)}\n\n{END}{after}", encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []], help="all of them if none is named")
    parser.add_argument("--table", action="store_true", help="measure nothing")
    options = parser.parse_args()
    results = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    if not options.table:
        measure(options.parts or PARTS, results)
        RESULTS.write_text(json.dumps(results, indent=1) + "\n")
    write_page(results)


if __name__ == "__main__":
    main()
