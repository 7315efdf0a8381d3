"""The door of the server: foreign hosts, foreign pages, floods and giants stay outside."""

import asyncio
import json

import pytest

from detente.web.guarding import COOKIE, HEADERS, Guard, Rules, local_hosts

HOST = "127.0.0.1:8765"


async def answer_with_size(scope, receive, send):
    body = b""
    while True:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body"):
            break
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": str(len(body)).encode()})


def ask(guard, *, method="GET", path="/api/crisis", headers=None, chunks=(b"",)):
    """Status, headers and body of what the guard answers."""
    given = {"host": HOST} | (headers or {})
    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "headers": [(name.encode(), value.encode()) for name, value in given.items() if value is not None],
    }
    waiting, sent = list(chunks), []

    async def receive():
        body = waiting.pop(0)
        return {"type": "http.request", "body": body, "more_body": bool(waiting)}

    async def send(message):
        sent.append(message)

    asyncio.run(guard(scope, receive, send))
    return sent[0]["status"], dict(sent[0]["headers"]), b"".join(m.get("body", b"") for m in sent[1:])


@pytest.fixture
def guard():
    return Guard(answer_with_size, Rules(local_hosts(8765), max_body=1000))


@pytest.mark.parametrize("host", ["127.0.0.1:8765", "localhost:8765", "LOCALHOST:8765", "[::1]:8765"])
def test_this_machine_may_ask(guard, host):
    status, headers, _ = ask(guard, headers={"host": host})
    assert status == 200
    assert b"default-src 'none'" in headers[b"content-security-policy"]


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1", "127.0.0.1:80", "localhost.evil.example:8765", "", None]
)
def test_other_hosts_are_refused(guard, host):
    """A domain that was rebound to 127.0.0.1 still says its own name."""
    status, _, body = ask(guard, headers={"host": host})
    assert status == 421
    assert json.loads(body)["errors"][0]["message"]


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
@pytest.mark.parametrize(
    "origin", ["http://evil.example", "https://127.0.0.1:8765", "null", "http://127.0.0.1:1"]
)
def test_pages_of_other_sites_are_refused(guard, method, origin):
    assert ask(guard, method=method, headers={"origin": origin})[0] == 403


def test_its_own_page_may_ask(guard):
    headers = {"origin": f"http://{HOST}", "sec-fetch-site": "same-origin"}
    assert ask(guard, method="POST", headers=headers)[0] == 200


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_a_browser_that_says_it_comes_from_elsewhere(guard, site):
    assert ask(guard, headers={"sec-fetch-site": site})[0] == 403
    assert ask(guard, method="POST", headers={"sec-fetch-site": site, "sec-fetch-mode": "navigate"})[0] == 403
    assert ask(guard, path="/", headers={"sec-fetch-site": site, "sec-fetch-mode": "navigate"})[0] == 200


def test_a_large_body_is_refused_by_its_stated_length(guard):
    assert ask(guard, method="POST", headers={"content-length": "1001"})[0] == 413
    assert ask(guard, method="POST", headers={"content-length": "nonsense"})[0] == 413


def test_a_large_body_is_refused_as_it_comes(guard):
    assert ask(guard, method="POST", chunks=[b"x" * 600, b"x" * 600])[0] == 413
    assert (
        ask(guard, method="POST", headers={"content-length": "1"}, chunks=[b"x" * 600, b"x" * 600])[0] == 413
    )


def test_a_body_arrives_whole(guard):
    assert ask(guard, method="POST", chunks=[b"x" * 400, b"y" * 300])[2] == b"700"


def test_a_flood_is_told_to_come_again():
    async def never(scope, receive, send):
        await asyncio.sleep(0.05)
        await answer_with_size(scope, receive, send)

    guard = Guard(never, Rules(local_hosts(8765), max_at_once=2))
    statuses = []

    async def one():
        scope = {"type": "http", "method": "GET", "path": "/", "headers": [(b"host", HOST.encode())]}

        async def receive():
            return {"type": "http.request", "body": b""}

        async def send(message):
            if message["type"] == "http.response.start":
                statuses.append(message["status"])

        await guard(scope, receive, send)

    async def many():
        await asyncio.gather(*(one() for _ in range(5)))
        await one()

    asyncio.run(many())
    assert sorted(statuses) == [200, 200, 200, 503, 503, 503]


def test_a_token_is_asked_for():
    guard = Guard(answer_with_size, Rules(local_hosts(8765), token="secret"))
    assert ask(guard)[0] == 401
    assert ask(guard, headers={"authorization": "Bearer wrong"})[0] == 401
    assert ask(guard, headers={"authorization": "Bearer secret"})[0] == 200
    assert ask(guard, headers={"cookie": f"other=1; {COOKIE}=secret"})[0] == 200
    assert ask(guard, headers={"cookie": f"{COOKIE}=sécret"})[0] == 401
    assert ask(guard, path="/")[0] == 200
    assert ask(guard, path="/api/login", method="POST")[0] == 200


def test_every_answer_carries_the_headers(guard):
    for headers in ({}, {"host": "evil.example"}):
        _, found, _ = ask(guard, headers=headers)
        assert {name.encode() for name in HEADERS} <= set(found)


def test_other_protocols_are_closed(guard):
    sent = []
    asyncio.run(guard({"type": "websocket"}, None, sent.append))
    assert sent == []
