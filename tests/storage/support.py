"""What the tests of storage share: programs run in processes of their own, which may be killed."""

import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from tests.support import project_root


def start(program: str, *arguments: object) -> subprocess.Popen[str]:
    """Start a Python program of a few lines; it talks over its pipes."""
    command = [sys.executable, "-c", program, *(str(argument) for argument in arguments)]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True, cwd=project_root())


@contextmanager
def running(program: str, *arguments: object) -> Iterator[subprocess.Popen[str]]:
    """Run a program that prints one line when it is ready; it is killed at the end."""
    process = start(program, *arguments)
    try:
        assert process.stdout is not None
        if not process.stdout.readline():
            raise AssertionError(f"the program ended before it was ready: {process.communicate()[1]}")
        yield process
    finally:
        process.kill()
        process.communicate()


def finish(processes: Sequence[subprocess.Popen[str]]) -> list[str]:
    """Wait for programs to end well; returns what each printed."""
    results = [(process.communicate(timeout=120), process.returncode) for process in processes]
    failures = [error for (_, error), code in results if code]
    assert not failures, failures[0]
    return [output for (output, _), _ in results]
