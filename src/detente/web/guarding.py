"""Who may ask, and how much: the door of the server, before anything of the crisis is touched.

A page on another site can make a browser send requests to 127.0.0.1. So a request must name this server as its host
(which a rebound domain name does not), and must not come from another site. Everything is refused in the same shape
as errors of the command line: ``{"ok": false, "errors": [{"message", "hint"}]}``.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from dataclasses import dataclass, field
from http.cookies import CookieError, SimpleCookie
from typing import Any

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

MAX_BODY = 256 * 1024
"""Largest body of a request [bytes]."""
MAX_AT_ONCE = 32
"""Requests that are answered at one time; more are told to come again."""
COOKIE = "detente_token"

SAFE_METHODS = ("GET", "HEAD", "OPTIONS")

HEADERS = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self';"
        " font-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}


@dataclass(frozen=True)
class Rules:
    """What the door lets in.

    `hosts` are the values that a Host header may have; origins are these with ``http://``. With a `token`, every
    request to the interface must carry it, as a bearer token or in the cookie that logging in sets.
    """

    hosts: frozenset[str]
    token: str | None = None
    max_body: int = MAX_BODY
    max_at_once: int = MAX_AT_ONCE
    open_paths: frozenset[str] = field(default_factory=lambda: frozenset({"/api/login"}))


def local_hosts(port: int, others: Iterable[str] = ()) -> frozenset[str]:
    """The Host headers of a server on this machine.

    Examples
    --------
    >>> sorted(local_hosts(8000))
    ['127.0.0.1:8000', '[::1]:8000', 'localhost:8000']
    """
    names = ["127.0.0.1", "localhost", "[::1]", *others]
    hosts = {f"{name}:{port}" for name in names}
    return frozenset(hosts | (set(names) if port == 80 else set()))


class Refusal(Exception):  # noqa: N818
    """A request that is not answered: status, what is wrong, what to do."""

    def __init__(self, status: int, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.status, self.message, self.hint = status, message, hint

    def body(self) -> bytes:
        """The answer that is sent instead."""
        error = {"message": self.message, "hint": self.hint}
        return json.dumps({"ok": False, "errors": [error]}).encode()


class Guard:
    """ASGI middleware that enforces `Rules` and adds the headers of every answer."""

    def __init__(self, app: App, rules: Rules) -> None:
        self.app = app
        self.rules = rules
        self.at_once = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or refuse it."""
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        if scope["type"] != "http":  # no websockets here
            return
        try:
            self._admit(scope)
        except Refusal as refusal:
            await _refuse(send, refusal)
            return
        self.at_once += 1
        try:
            body = await self._body(receive)
            await self.app(scope, _again(body, receive), _with_headers(scope, send))
        except Refusal as refusal:
            await _refuse(send, refusal)
        finally:
            self.at_once -= 1

    def _admit(self, scope: Scope) -> None:
        given = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        self._check_host(given)
        self._check_origin(scope, given)
        self._check_size(given)
        self._check_token(scope, given)
        if self.at_once >= self.rules.max_at_once:
            raise Refusal(503, "too many requests at one time", "Wait a moment and ask again.")

    def _check_host(self, given: dict[str, str]) -> None:
        if given.get("host", "").lower() not in self.rules.hosts:
            known = ", ".join(sorted(self.rules.hosts))
            raise Refusal(421, "this server does not answer under that host name", f"Open it as {known}.")

    def _check_origin(self, scope: Scope, given: dict[str, str]) -> None:
        origin, site = given.get("origin"), given.get("sec-fetch-site", "none")
        foreign = origin is not None and origin.lower() not in {f"http://{host}" for host in self.rules.hosts}
        opening = scope["method"] in SAFE_METHODS and given.get("sec-fetch-mode") == "navigate"
        if foreign or (site not in ("none", "same-origin") and not opening):
            raise Refusal(
                403, "a page of another site may not ask this server", "Use the page it serves itself."
            )

    def _check_size(self, given: dict[str, str]) -> None:
        length = given.get("content-length", "0")
        if not length.isdigit() or int(length) > self.rules.max_body:
            raise self._too_large()

    def _too_large(self) -> Refusal:
        return Refusal(
            413, "the request is too large", f"At most {self.rules.max_body // 1024} kB are taken at once."
        )

    def _check_token(self, scope: Scope, given: dict[str, str]) -> None:
        path = scope["path"]
        if self.rules.token is None or not path.startswith("/api/") or path in self.rules.open_paths:
            return
        offered = given.get("authorization", "").removeprefix("Bearer ") or _cookie(given.get("cookie", ""))
        if not hmac.compare_digest(offered.encode(), self.rules.token.encode()):
            raise Refusal(
                401, "this server asks for a token", "Log in with the token that `detente serve` printed."
            )

    async def _body(self, receive: Receive) -> bytes:
        """The whole body, counted as it comes: its length need not be stated, or true."""
        body = bytearray()
        while True:
            message = await receive()
            if message["type"] != "http.request":
                return bytes(body)
            body += message.get("body", b"")
            if len(body) > self.rules.max_body:
                raise self._too_large()
            if not message.get("more_body", False):
                return bytes(body)


def _again(body: bytes, receive: Receive) -> Receive:
    """A body that has been read, as if it came only now."""
    given = False

    async def receiving() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return receiving


def _cookie(header: str) -> str:
    try:
        morsel = SimpleCookie(header).get(COOKIE)
    except CookieError:
        return ""
    return morsel.value if morsel is not None else ""


def _with_headers(scope: Scope, send: Send) -> Send:
    cache = b"no-store" if scope["path"].startswith("/api/") else b"no-cache"

    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            extra = [(name.encode(), value.encode()) for name, value in HEADERS.items()]
            present = {name.lower() for name, _ in message["headers"]}
            if b"cache-control" not in present:
                extra.append((b"cache-control", cache))
            message = {**message, "headers": [*message["headers"], *extra]}
        await send(message)

    return sending


async def _refuse(send: Send, refusal: Refusal) -> None:
    body = refusal.body()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    headers += [(name.encode(), value.encode()) for name, value in HEADERS.items()]
    if refusal.status == 503:
        headers.append((b"retry-after", b"1"))
    await send({"type": "http.response.start", "status": refusal.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
