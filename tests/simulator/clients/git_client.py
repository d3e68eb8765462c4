"""The real `git` in a folder of a test, and the REST API of the repository that it works on."""

import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote, urlsplit

import httpx
from official_clients import FULL, Served

Git = Callable[..., subprocess.CompletedProcess[str]]


def git_in(folder: Path) -> Git:
    """Return a function that runs git with no configuration but ours. It never asks anybody for a password."""
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": "gc.auto",
        "GIT_CONFIG_VALUE_0": "0",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_AUTHOR_NAME": "Tom Becker",
        "GIT_AUTHOR_EMAIL": "tom.becker@tidewater.example",
        "GIT_COMMITTER_NAME": "Tom Becker",
        "GIT_COMMITTER_EMAIL": "tom.becker@tidewater.example",
    }

    def run(*arguments: str, into: str = ".", fails: bool = False) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            ["git", *arguments],
            cwd=folder / into,
            env=environment,
            check=False,
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert (done.returncode != 0) is fails, done.stderr
        return done

    return run


class Api:
    """The REST API of one repository."""

    def __init__(self, served: Served, project: str, repository: str) -> None:
        path = f"{served.base_url}/{quote(project)}/_apis/git/repositories/{repository}"
        self._http = httpx.Client(base_url=path, auth=("", FULL), params={"api-version": "7.1"})

    def get(self, path: str = "", **query: str) -> dict:
        answer = self._http.get(path, params={**self._http.params, **query})
        assert answer.status_code == 200, answer.text
        return answer.json()

    def post(self, path: str, body: dict) -> dict:
        answer = self._http.post(path, json=body)
        assert answer.status_code in {200, 201}, answer.text
        return answer.json()

    def branches(self) -> dict[str, str]:
        return {ref["name"]: ref["objectId"] for ref in self.get("/refs", filter="heads/")["value"]}

    def remote(self, token: str | None = FULL) -> str:
        """The repository's `remoteUrl`, with a token in it."""
        url = urlsplit(self.get()["remoteUrl"])
        return url._replace(netloc=f"me:{token}@{url.netloc}" if token else url.netloc).geturl()

    def close(self) -> None:
        self._http.close()


def commit(git: Git, folder: Path, name: str, content: str | bytes, message: str) -> str:
    """Commit one file in the clone `work` of a test's folder."""
    path = folder / "work" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    git("add", name, into="work")
    git("commit", "--quiet", "-m", message, into="work")
    return git("rev-parse", "HEAD", into="work").stdout.strip()
