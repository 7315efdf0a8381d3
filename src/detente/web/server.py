"""The addresses of the page, and `serve`, which opens it."""

from __future__ import annotations

import datetime as dt
import secrets
import socket
import threading
import webbrowser
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated, Any

import uvicorn
from fastapi import FastAPI, Query, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import FileResponse, JSONResponse, Response
from fastapi.staticfiles import StaticFiles

from detente.errors import DetenteError
from detente.ledger.store import append
from detente.provenance import __version__, digest_of_text
from detente.scenario import apply
from detente.web.declared import ledger_of, numbers_of
from detente.web.guarding import COOKIE, Guard, Refusal, Rules, local_hosts
from detente.web.judged import Shelf
from detente.web.results import QuantitiesJob
from detente.web.room import Room
from detente.web.running import FullError, Job, Jobs
from detente.web.shapes import Addition, Asked, Login, Tried, WhatIf, errors_of
from detente.web.stages import baseline_stages, id_of, quantity_stages, whatif_stages, why_stages

ASSETS = Path(__file__).parent / "assets"
LONGEST_WAIT = 10.0
"""How long an answer about a job may be held back until there is news [s]."""


class ServeError(DetenteError):
    """A page that cannot be opened as asked."""


def create_app(room: Room, rules: Rules, shelf: Shelf | None = None) -> FastAPI:
    """The application: the page, and its interface under ``/api/``, described at ``/api/openapi.json``."""
    jobs = Jobs()

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        jobs.close()

    app = FastAPI(
        title="Détente",
        version=__version__,
        openapi_url="/api/openapi.json",
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan,
    )
    _handle_errors(app)
    _crisis_addresses(app, room)
    _simulation_addresses(app, room, jobs)
    _ledger_addresses(app, room)
    _score_address(app, shelf or Shelf(), jobs)
    _login_address(app, rules)
    _page_addresses(app)
    app.add_middleware(Guard, rules=rules)
    return app


def _handle_errors(app: FastAPI) -> None:
    """Errors on purpose, in the shape of the command line's ``--json``."""

    @app.exception_handler(DetenteError)
    def refused(_: Request, problem: DetenteError) -> Response:
        status = 429 if isinstance(problem, FullError) else 422
        return JSONResponse({"ok": False, "errors": errors_of(problem)}, status)

    @app.exception_handler(RequestValidationError)
    def malformed(_: Request, problem: RequestValidationError) -> Response:
        errors = [
            {"path": ".".join(map(str, each["loc"])), "message": each["msg"], "hint": ""}
            for each in problem.errors()
        ]
        return JSONResponse({"ok": False, "errors": errors}, 422)

    @app.exception_handler(Refusal)
    def not_here(_: Request, problem: Refusal) -> Response:
        return Response(problem.body(), problem.status, media_type="application/json")


# ── what is declared ─────────────────────────────────────────────────────────────────────────────


def _crisis_addresses(app: FastAPI, room: Room) -> None:
    @app.get("/api/crisis")
    def crisis() -> dict[str, Any]:
        """What the crisis declares, and what is dated ahead."""
        return room.overview()

    @app.get("/api/ledger")
    def ledger() -> dict[str, Any]:
        """Events, claims and sources."""
        return ledger_of(room.crisis)

    @app.get("/api/numbers")
    def numbers() -> list[dict[str, Any]]:
        """Every number, with what it rests on."""
        return numbers_of(room.crisis)

    @app.get("/api/scenarios")
    def scenarios() -> list[dict[str, Any]]:
        """The scenarios in the folder of the crisis, as changes to try."""
        return room.scenarios()


# ── simulations ──────────────────────────────────────────────────────────────────────────────────


def _simulation_addresses(app: FastAPI, room: Room, jobs: Jobs) -> None:
    @app.post("/api/baseline", status_code=202)
    def baseline() -> dict[str, Any]:
        """Answer all questions as things stand."""
        return _shown(jobs.submit(id_of(room, "baseline"), baseline_stages(room)))

    @app.post("/api/whatif", status_code=202)
    def whatif(asked: WhatIf) -> dict[str, Any]:
        """Try changes, on the same dice as the baseline."""
        return _shown(jobs.submit(id_of(room, asked.yaml()), whatif_stages(room, asked)))

    @app.post("/api/quantities", status_code=202)
    def quantities(asked: Tried) -> QuantitiesJob:
        """How stocks and the balance of factions may go, under some changes or none, and how they have gone."""
        changed = apply(asked.whatif().scenario(), room.crisis)
        name = f"quantities {asked.whatif().yaml()}"
        job = jobs.submit(id_of(room, name), quantity_stages(room, changed))
        return QuantitiesJob.model_validate(_shown(job))

    @app.post("/api/scenario")
    def scenario(asked: WhatIf) -> dict[str, Any]:
        """The same changes as a scenario file to keep."""
        apply(asked.scenario(), room.crisis)
        return {"file": "what_if.yaml", "text": asked.yaml() + "\n"}

    @app.post("/api/why", status_code=202)
    def why(asked: Asked) -> dict[str, Any]:
        """What answers a question, what drives that, typical paths, and one story."""
        if asked.question not in room.crisis.questions:
            raise Refusal(404, f"there is no question '{asked.question}'")
        return _shown(jobs.submit(id_of(room, f"why {asked.question}"), why_stages(room, asked.question)))

    @app.get("/api/jobs/{job}")
    def job(
        job: str,
        after: Annotated[int, Query(ge=-1, le=2**31)] = -1,
        wait: Annotated[float, Query(ge=0.0, le=LONGEST_WAIT)] = 0.0,
    ) -> dict[str, Any]:
        """How a simulation is doing; held back up to `wait` seconds until newer than version `after`."""
        found = jobs.get(job)
        if found is None:
            raise Refusal(404, "there is no such simulation", "Ask for it again.")
        found.wait_for(after, wait)
        return _shown(found)

    @app.delete("/api/jobs/{job}")
    def cancel(job: str) -> dict[str, bool]:
        """Stop a simulation that nobody waits for any more."""
        return {"cancelled": jobs.cancel(job)}


def _shown(job: Job) -> dict[str, Any]:
    return {
        "job": job.id,
        "status": job.status,
        "version": job.version,
        "stage": job.stage,
        "stages": len(job.stages),
        "done": job.done,
        "of": job.of,
        "took": job.took,
        "error": job.error,
        "result": job.result,
    }


# ── the ledger ───────────────────────────────────────────────────────────────────────────────────


def _ledger_addresses(app: FastAPI, room: Room) -> None:
    adding = threading.Lock()

    @app.post("/api/ledger", status_code=201)
    def add(rows: Addition) -> dict[str, Any]:
        """Append sources, claims and events; corrections name what they supersede. Who adds, and when, is kept."""
        folder = room.folder
        if folder is None:
            raise Refusal(
                409, "a bundled crisis is not added to", "Copy its folder, and serve the copy by its path."
            )
        with adding:
            marked = rows.marked(dt.datetime.now(dt.UTC))
            added = append(folder, sources=marked.sources, claims=marked.claims, events=marked.events)
            room.reload()
        return {"ids": {file: list(ids) for file, ids in added.ids.items()}, "digest": room.digest}


# ── what was forecast before ─────────────────────────────────────────────────────────────────────


def _score_address(app: FastAPI, shelf: Shelf, jobs: Jobs) -> None:
    @app.post("/api/scores", status_code=202)
    def scores() -> dict[str, Any]:
        """Archived forecasts, and their scores where it is known how they turned out."""
        id_ = digest_of_text(f"scores {shelf.digest}")[:20]
        return _shown(jobs.submit(id_, [lambda _: shelf.result()]))


# ── the page ─────────────────────────────────────────────────────────────────────────────────────


def _login_address(app: FastAPI, rules: Rules) -> None:
    @app.post("/api/login")
    def login(given: Login, response: Response) -> dict[str, bool]:
        """Trade the token for a cookie."""
        wanted = rules.token or ""
        if wanted and not secrets.compare_digest(given.token.encode(), wanted.encode()):
            raise Refusal(401, "this is not the token", "It stands where `detente serve` was started.")
        if wanted:
            response.set_cookie(COOKIE, wanted, httponly=True, samesite="strict", max_age=12 * 3600)
        return {"ok": True}


def _page_addresses(app: FastAPI) -> None:
    @app.get("/", include_in_schema=False)
    def page() -> FileResponse:
        return FileResponse(ASSETS / "index.html")

    app.mount("/assets", StaticFiles(directory=ASSETS / "assets", check_dir=False), name="assets")


def serve(
    source: str,
    *,
    port: int = 8765,
    host: str = "127.0.0.1",
    seed: int | None = None,
    threads: int | None = None,
    token: bool = False,
    browser: bool = True,
    names: tuple[str, ...] = (),
    shelf: Shelf | None = None,
) -> None:
    """Serve the page until Ctrl-C.

    Parameters
    ----------
    source : str
        Name of a bundled crisis or path of a folder or file.
    port : int
    host : str
        Address to listen at. Anything but this machine's own needs a token.
    seed, threads
        As in `detente.simulate`.
    token : bool
        Ask for a token, printed here.
    browser : bool
        Open the page.
    names : tuple of str
        Further host names under which the page may be asked for.
    shelf : Shelf, optional
        Earlier forecasts to show.

    Raises
    ------
    ServeError
        If the port is taken, or the page would be open to a network without a token.
    """
    if host not in ("127.0.0.1", "localhost", "::1") and not token:
        raise ServeError(f"at {host} others on the network could use the page. Add --token.")
    if shelf is not None:
        shelf.check()
    room = Room(source, seed=secrets.randbits(48) if seed is None else seed, threads=threads)
    room.overview()  # worked out before anybody asks
    secret = secrets.token_urlsafe(24) if token else None
    others = (*names, host) if host not in ("0.0.0.0", "::") else names
    rules = Rules(local_hosts(port, others), secret)
    _refuse_taken(host, port)
    address = f"http://127.0.0.1:{port}/" if host != "::1" else f"http://[::1]:{port}/"
    print(f"{room.crisis.title or room.crisis.name}: {address}  (Ctrl-C ends)", flush=True)
    if secret is not None:
        print(f"Token: {secret}", flush=True)
    if browser:
        threading.Timer(0.8, webbrowser.open, (address,)).start()
    config = uvicorn.Config(
        create_app(room, rules, shelf), host=host, port=port, log_level="warning", server_header=False,
        limit_concurrency=128, timeout_keep_alive=15, h11_max_incomplete_event_size=32 * 1024,
    )  # fmt: skip
    uvicorn.Server(config).run()


def _refuse_taken(host: str, port: int) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as problem:
            raise ServeError(
                f"cannot listen at {host}:{port}: {problem.strerror or problem}. Choose another --port."
            ) from problem
