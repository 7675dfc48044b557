"""A small server that speaks the calls by which huggingface_hub makes a repository and commits to it."""

import base64
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

TOKEN = "hf_ofatest"


class Hub(ThreadingHTTPServer):
    """Repositories by name: path -> content; all files are regular ones (the server decides that)."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.repositories: dict[str, dict[str, bytes]] = {}
        self.private: dict[str, bool] = {}
        self.messages: list[str] = []

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Handler(BaseHTTPRequestHandler):
    server: Hub

    def log_message(self, *words: Any) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        parts = self.path.split("?")[0].split("/")
        name = "/".join(parts[3:5])
        if parts[1:3] == ["api", "models"] and name in self.server.repositories:
            self._answer(
                {"_id": "1", "id": name, "modelId": name, "sha": "0" * 40, "siblings": [], "private": False}
            )
        else:
            self._answer({"error": "Repository not found"}, 404)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.headers.get("Authorization") != f"Bearer {TOKEN}":
            self._answer({"error": "Invalid credentials"}, 401)
            return
        parts = self.path.split("?")[0].split("/")
        match parts[1:]:
            case ["api", "repos", "create"]:
                asked = json.loads(body)
                name = "/".join(filter(None, (asked.get("organization"), asked["name"])))
                self.server.repositories.setdefault(name, {})
                self.server.private[name] = asked.get("private") or asked.get("visibility") == "private"
                self._answer({"url": f"{self.server.address}/{name}", "id": name, "name": name})
            case ["api", "validate-yaml"]:
                self._answer({"errors": [], "warnings": []})
            case ["api", "models", owner, name, "preupload", _] if (
                f"{owner}/{name}" in self.server.repositories
            ):
                files = [
                    {"path": file["path"], "uploadMode": "regular", "shouldIgnore": False, "oid": None}
                    for file in json.loads(body)["files"]
                ]
                self._answer({"files": files})
            case ["api", "models", owner, name, "commit", _] if f"{owner}/{name}" in self.server.repositories:
                self._commit(f"{owner}/{name}", body)
            case _:
                self._answer({"error": f"Repository not found: {self.path}"}, 404)

    def _commit(self, name: str, body: bytes) -> None:
        for line in map(json.loads, body.splitlines()):
            value = line["value"]
            if line["key"] == "header":
                self.server.messages.append(value["summary"])
            elif line["key"] == "file":
                assert value["encoding"] == "base64"
                self.server.repositories[name][value["path"]] = base64.b64decode(value["content"])
        url = f"{self.server.address}/{name}/commit/{'1' * 40}"
        self._answer(
            {
                "success": True,
                "commitOid": "1" * 40,
                "commitUrl": url,
                "hookOutput": "",
                "pullRequestUrl": None,
            }
        )

    def _answer(self, content: Any, code: int = 200) -> None:
        text = json.dumps(content).encode()
        self.send_response(code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)


@contextmanager
def running_hub() -> Iterator[Hub]:
    """Serve until the end."""
    hub = Hub()
    thread = threading.Thread(target=hub.serve_forever, daemon=True)
    thread.start()
    try:
        yield hub
    finally:
        hub.shutdown()
        hub.server_close()
        thread.join()
