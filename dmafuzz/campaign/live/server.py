# SPDX-License-Identifier: GPL-2.0-only
"""The server: the page, and server-sent events that bring its body anew. It changes nothing."""

from __future__ import annotations

import contextlib
import hmac
import ipaddress
import json
import secrets
import socket
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from dmafuzz.campaign.live.content import Live
from dmafuzz.campaign.live.page import body_of, page_of

EVERY_S = 2.0
RETRY_MS = 1_000  # the browser connects again so soon after the connection was lost
CONNECTIONS_MAX = 64
_IDLE_S = 30.0
_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'; img-src data:; "
    "frame-ancestors 'none'; base-uri 'none'"
)
_COOKIE = "dmafuzz-token"


class ServerError(OSError):
    """In one line."""


class LiveServer:
    """``look`` gives what is to be shown. Beyond loopback a token is asked for, which ``url`` has."""

    def __init__(self, look: Callable[[], Live], host: str, port: int, token: str | None = None) -> None:
        """Raises ServerError."""
        self.token = None if _is_loopback(host) else token or secrets.token_urlsafe(24)
        self._latest = _Latest(look)
        handler = type("Handler", (_Handler,), {"latest": self._latest, "token": self.token, "host": host})
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        server = type("Server", (_Server,), {"address_family": family})
        try:
            self._server: ThreadingHTTPServer = server((host, port), handler)
        except (OSError, OverflowError) as error:
            raise ServerError(0, getattr(error, "strerror", None) or str(error), f"{host}:{port}") from None
        shown = f"[{host}]" if ":" in host else host
        self.url = f"http://{shown}:{self._server.server_port}/" + (f"?token={self.token}" if self.token else "")

    def serve(self) -> None:
        """Until `stop`, or an interrupt."""
        self._server.serve_forever(poll_interval=0.2)

    def stop(self) -> None:
        self._latest.over = True
        self._server.shutdown()

    def close(self) -> None:
        self._latest.over = True
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    allow_reuse_address = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        pass  # a browser that goes away is no news


class _Latest:
    """The body of the page, made by one request at a time, and not more often than it is sent."""

    def __init__(self, look: Callable[[], Live]) -> None:
        self._look = look
        self._lock = threading.Lock()
        self._made = 0.0
        self._text = ""
        self._name = ""
        self.over = False
        self.streams = threading.BoundedSemaphore(CONNECTIONS_MAX)

    def body(self) -> tuple[str, str]:
        """The campaign's name, and the body."""
        with self._lock:
            if time.monotonic() - self._made > EVERY_S / 2:
                try:
                    live = self._look()
                    self._name, self._text = live.name, body_of(live)
                except (OSError, ValueError) as error:
                    self._text = body_of(None, str(error))
                self._made = time.monotonic()
            return self._name, self._text


class _Handler(BaseHTTPRequestHandler):
    """GET of three paths; nothing else."""

    latest: _Latest
    token: str | None
    host: str
    protocol_version = "HTTP/1.1"
    timeout = _IDLE_S
    server_version = "dmafuzz"
    sys_version = ""

    def do_GET(self) -> None:
        path = urlsplit(self.path)
        if not self._is_ours():
            self._answer(403, "text/plain", "a name that this page is not served under\n")
        elif not self._may(path.query):
            self._answer(
                403, "text/plain", "a token is needed: the address that `dmafuzz campaign serve` has printed\n"
            )
        elif path.path == "/":
            self._answer(200, "text/html", page_of(*self.latest.body()))
        elif path.path == "/events":
            self._stream()
        else:
            self._answer(404, "text/plain", "not found\n")

    def log_message(self, format: str, *arguments: object) -> None:
        pass

    def _is_ours(self) -> bool:
        """On loopback other sites must not read the page by a name of their own that leads here."""
        if self.token is not None:
            return True
        name = urlsplit(f"//{self.headers.get('Host', '')}").hostname or ""
        return _is_loopback(name)

    def _may(self, query: str) -> bool:
        if self.token is None:
            return True
        given = parse_qs(query).get("token", [""])[0]
        for part in self.headers.get("Cookie", "").split(";"):
            name, _, value = part.strip().partition("=")
            given = given or (value if name == _COOKIE else "")
        return hmac.compare_digest(given.encode(), self.token.encode())

    def _answer(self, status: int, kind: str, text: str) -> None:
        data = text.encode()
        self.send_response(status)
        self._head(kind)
        self.send_header("Content-Length", str(len(data)))
        if self.token is not None and status == 200:
            self.send_header("Set-Cookie", f"{_COOKIE}={self.token}; HttpOnly; SameSite=Strict; Path=/")
        self.end_headers()
        self.wfile.write(data)

    def _head(self, kind: str) -> None:
        self.send_header("Content-Type", f"{kind}; charset=utf-8")
        self.send_header("Cache-Control", "no-store")
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Referrer-Policy", "no-referrer")
        self.send_header("Content-Security-Policy", _POLICY)

    def _stream(self) -> None:
        if not self.latest.streams.acquire(blocking=False):
            self._answer(503, "text/plain", "too many readers\n")
            return
        try:
            self.close_connection = True
            self.send_response(200)
            self._head("text/event-stream")
            self.send_header("Connection", "close")
            self.end_headers()
            self.wfile.write(f"retry: {RETRY_MS}\n\n".encode())
            with contextlib.suppress(OSError):  # the reader has gone
                while not self.latest.over:
                    self.wfile.write(f"data: {json.dumps(self.latest.body()[1])}\n\n".encode())
                    self.wfile.flush()
                    time.sleep(EVERY_S)
        finally:
            self.latest.streams.release()


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
