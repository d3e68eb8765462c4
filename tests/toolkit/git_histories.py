"""Random histories of one file, made with git: edits, merges and moves, which a real `git blame` is asked about."""

import os
import random
import subprocess
from pathlib import Path

BEGUN = 1_790_000_000


class GitHistory:
    """A repository on disk with a file whose history grows at random.

    Every new line is unlike all others, so that there is one right comparison of two versions.
    """

    def __init__(self, folder: Path, seed: int) -> None:
        self._folder = folder
        self._random = random.Random(seed)  # noqa: S311 - the same history each time
        self._lines = self._moves = 0
        self._time = BEGUN
        self.path = "a/file.txt"
        folder.mkdir()
        self.git("init", "-q", "-b", "main")
        self.git("config", "merge.renames", "true")
        self._write([self._line() for _ in range(12)])
        self.commit("Begin")

    def git(self, *arguments: str, check: bool = True) -> str:
        stamp = f"{self._time} +0000"
        who = f"Person {self._random.randrange(4)}"
        variables = {
            **os.environ,
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_TERMINAL_PROMPT": "0",
            **{f"GIT_{role}_DATE": stamp for role in ("AUTHOR", "COMMITTER")},
            **{f"GIT_{role}_NAME": who for role in ("AUTHOR", "COMMITTER")},
            **{f"GIT_{role}_EMAIL": "person@example.com" for role in ("AUTHOR", "COMMITTER")},
        }
        done = subprocess.run(
            ["git", *arguments],
            cwd=self._folder,
            env=variables,
            capture_output=True,
            text=True,
            check=check,
            timeout=60,
        )
        return done.stdout

    def _line(self) -> str:
        self._lines += 1
        return f"line {self._lines} {self._random.random()}"

    def _read(self) -> list[str]:
        return (self._folder / self.path).read_text(encoding="utf-8").splitlines()

    def _write(self, lines: list[str]) -> None:
        target = self._folder / self.path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")

    def commit(self, message: str) -> None:
        self._time += 60
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", message)

    def edit(self) -> None:
        """Add, change or remove some lines, or change another file only."""
        lines = self._read()
        for _ in range(self._random.randrange(1, 4)):
            at = self._random.randrange(len(lines))
            kind = self._random.choice(["add", "change", "remove"])
            if kind == "add":
                lines[at:at] = [self._line() for _ in range(self._random.randrange(1, 4))]
            elif kind == "change":
                lines[at] = self._line()
            elif len(lines) > 6:
                del lines[at]
        self._write(lines)
        self.commit("Edit")

    def touch_another(self) -> None:
        (self._folder / "other.txt").write_text(self._line())
        self.commit("Edit another file")

    def move(self) -> None:
        """Move the file, without a change."""
        self._moves += 1
        new = self._random.choice(["", "a/", "b/"]) + f"moved{self._moves}.txt"
        (self._folder / new).parent.mkdir(exist_ok=True)
        self.git("mv", self.path, new)
        self.path = new
        self.commit("Move")

    def merge(self, *, move: bool = False) -> None:
        """Change the file on two branches, perhaps move it on one, and merge them; conflicts take both sides."""
        self.git("checkout", "-q", "-b", "side")
        before = self.path
        for _ in range(self._random.randrange(1, 3)):
            self._random.choice([self.edit, self.edit, self.touch_another])()
        self.git("checkout", "-q", "main")
        for _ in range(self._random.randrange(0, 3)):
            self._random.choice([self.edit, self.touch_another])()
        if move:
            self.move()
        self._time += 60
        self.git(
            "merge", "-q", "--no-ff", "-m", "Merge", "-X", self._random.choice(["ours", "theirs"]), "side", check=False
        )
        assert self.git("status", "--porcelain") == "", f"a merge of {before} was not clean"
        self.git("branch", "-q", "-D", "side")

    def grow(self, count: int) -> None:
        for _ in range(count):
            steps = [self.edit, self.edit, self.edit, self.touch_another, self.merge, self.merge, self.move]
            self._random.choice([*steps, lambda: self.merge(move=True)])()

    def blame(self) -> list[str]:
        """Return the commit of each line, as git says."""
        told = self.git("blame", "--porcelain", "--", self.path)
        commits = []
        for line in told.splitlines():
            words = line.split(" ")
            if len(words) >= 3 and len(words[0]) == 40 and all(word.isdigit() for word in words[1:]):
                commits.append(words[0])
        return commits
