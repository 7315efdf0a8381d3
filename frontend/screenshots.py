"""Pictures of the situation room, taken of the page as it is served, with Debian's Chromium.

    python frontend/screenshots.py               the pictures of the documentation, into docs/images
    python frontend/screenshots.py --look DIR    every view, wide and narrow, light and dark, to be looked at

Needs ``pip install -e '.[test]'`` (Playwright) and Chromium. The seed is fixed, so that the numbers stay.
"""

from __future__ import annotations

import argparse
import io
import json
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

from PIL import Image
from playwright.sync_api import Page, sync_playwright

IMAGES = Path(__file__).parents[1] / "docs" / "images"
CRISIS, SEED = "iran_2024", 7
COLOURS = 96
"""Colours that a picture keeps: text and lines need few, and files stay small."""
WIDE, NARROW = (1280, 900), (390, 844)

STRIKES = [{"forbid": "israel_strikes_iran", "until": "2025-03-01"}]
TRUCE = [{"hold": "lebanon_truce", "until": "2025-06-01"}]
BOTH = f"?try={quote(json.dumps(STRIKES))}&or={quote(json.dumps(TRUCE))}"

DOCUMENTED = {
    "overview": (f"overview{BOTH}", WIDE, "light"),
    "timeline": ("timeline", WIDE, "light"),
    "actors": ("actors", WIDE, "dark"),
    "why": ("why/H06", WIDE, "light"),
    "phone": (f"overview{BOTH}", NARROW, "dark"),
}
"""Views that stand in the documentation: address, size, scheme."""

LOOKED_AT = {
    "overview": f"overview{BOTH}",
    "timeline": "timeline",
    "actors": "actors",
    "quantities": "quantities",
    "why": "why/H06",
    "ledger": "ledger",
    "numbers": "numbers",
    "number": "numbers/actions.israel_strikes_iran.rate",
    "scores": "scores",
}


def main() -> None:
    """Take the pictures that the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--look", type=Path, metavar="DIR", help="take every view, into this folder")
    parser.add_argument("--crisis", default=CRISIS)
    parser.add_argument("more", nargs="*", help="further options for `detente serve`, after --")
    asked = parser.parse_args()
    wanted: dict[str, tuple[str, tuple[int, int], str]] = dict(DOCUMENTED)
    folder = IMAGES
    if asked.look:
        folder = asked.look
        wanted = {
            f"{name}_{size[0]}_{scheme}": (view, size, scheme)
            for name, view in LOOKED_AT.items()
            for size in (WIDE, NARROW)
            for scheme in ("light", "dark")
        }
    folder.mkdir(parents=True, exist_ok=True)
    with served(asked.crisis, asked.more) as url:
        take(url, wanted, folder, whole=asked.look is not None)


@contextmanager
def served(crisis: str, more: list[str]) -> Iterator[str]:
    """The address of `detente serve`, as a process of its own."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "detente", "serve", crisis, "--port", str(port), "--seed", str(SEED)]
    process = subprocess.Popen([*command, "--no-browser", *more])
    url = f"http://127.0.0.1:{port}/"
    try:
        wait_for(url, process)
        yield url
    finally:
        process.terminate()
        process.wait()


def wait_for(url: str, process: subprocess.Popen[bytes]) -> None:
    """Return when the page answers."""
    for _ in range(600):
        try:
            with urllib.request.urlopen(url, timeout=1):
                return
        except OSError:
            if process.poll() is not None:
                raise SystemExit("the server did not come up") from None
            time.sleep(0.1)
    raise SystemExit("the server did not come up")


def take(url: str, wanted: dict[str, tuple[str, tuple[int, int], str]], folder: Path, *, whole: bool) -> None:
    """Visit every view and keep its picture; `whole` pictures show more than a screen."""
    with sync_playwright() as found:
        browser = found.chromium.launch(executable_path=chromium(), args=["--no-sandbox"])
        for name, (view, (width, height), scheme) in wanted.items():
            viewport: Any = {"width": width, "height": height}
            page = browser.new_page(viewport=viewport, color_scheme=scheme)
            page.goto(f"{url}#/{view}")
            settle(page)
            if whole:
                page.set_viewport_size({"width": width, "height": 2 * height})
                page.wait_for_timeout(300)
            path = folder / f"situation_room_{name}.png"
            keep(page.screenshot(), path)
            print(f"{path}  {path.stat().st_size // 1000} kB", flush=True)
            page.close()
        browser.close()


def settle(page: Page) -> None:
    """Wait until nothing is simulated any more."""
    page.wait_for_selector("h1")
    page.wait_for_timeout(1000)
    busy = "[...document.querySelectorAll('[role=status]')].some((e) => /…/.test(e.textContent))"
    for _ in range(1200):
        if not page.evaluate(busy):
            break
        page.wait_for_timeout(200)
    page.wait_for_timeout(300)


def keep(png: bytes, path: Path) -> None:
    """Write a picture with few colours."""
    picture = Image.open(io.BytesIO(png)).convert("RGB")
    picture.quantize(COLOURS, dither=Image.Dither.NONE).save(path, optimize=True)


def chromium() -> str:
    """The path of a Chromium."""
    names = ("chromium", "chromium-browser", "google-chrome")
    found = next((path for name in names if (path := shutil.which(name))), None)
    if found is None:
        raise SystemExit("there is no Chromium here")
    return found


if __name__ == "__main__":
    main()
