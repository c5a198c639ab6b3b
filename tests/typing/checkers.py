"""The type checkers as a user runs them: strictly, on files of one's own, without our settings."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src"
_MYPY_ERROR = re.compile(r"^([^:\n]+):(\d+): error: (.*)$", re.MULTILINE)

Refused = dict[tuple[str, int], str]
"""For each file and line, what a checker has against it."""


def mypy(folder: Path) -> Refused:
    """What mypy refuses of the files in a folder."""
    settings = ["--strict", "--config-file=", "--follow-imports=silent", "--no-error-summary"]
    answer = _run("mypy", *settings, "--cache-dir", str(folder / ".cache"), ".", at=folder)
    assert answer.returncode in (0, 1), answer.stdout + answer.stderr
    found = _MYPY_ERROR.findall(answer.stdout)
    return {(Path(file).as_posix(), int(line)): text for file, line, text in found}


def pyright(folder: Path) -> Refused:
    """What pyright refuses of them."""
    settings = {"typeCheckingMode": "strict", "extraPaths": [str(SOURCE)]}
    (folder / "pyrightconfig.json").write_text(json.dumps(settings))
    said = pyright_json("--pythonpath", sys.executable, at=folder)
    return {
        (
            Path(one["file"]).relative_to(folder).as_posix(),
            one["range"]["start"]["line"] + 1,
        ): one["message"]
        for one in said["generalDiagnostics"]
        if one["severity"] == "error"
    }


def pyright_json(*arguments: str, at: Path) -> dict[str, Any]:
    """What pyright says; skips the test, aloud, where it cannot be started."""
    answer = _run("pyright", "--outputjson", *arguments, at=at)
    try:
        said: dict[str, Any] = json.loads(answer.stdout)
    except ValueError:
        pytest.skip(f"pyright does not start: {answer.stderr or answer.stdout}"[:500])
    return said


def _run(checker: str, *arguments: str, at: Path) -> subprocess.CompletedProcess[str]:
    """Run a checker of this environment; it fetches nothing."""
    if find_spec(checker) is None:
        pytest.skip(f"{checker} is not installed")
    ours = os.environ | {
        "MYPYPATH": str(SOURCE),
        "PYTHONPATH": str(SOURCE),  # where pyright looks for a package that it is to verify
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}",
        "PYRIGHT_PYTHON_IGNORE_WARNINGS": "1",
    }
    command = [sys.executable, "-m", checker, *arguments]
    return subprocess.run(command, cwd=at, env=ours, capture_output=True, text=True, check=False)
