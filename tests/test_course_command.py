"""The command as a shell runs it."""

import os
import subprocess
import sys

import pytest

from instructor.content import ROOT


@pytest.mark.skipif(os.name != "posix", reason="pipes break otherwise on Windows")
@pytest.mark.parametrize("words", [["--help"], ["nonsense"]])
def test_a_reader_that_has_read_enough_gets_no_traceback(words: list[str]) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    try:
        command = [sys.executable, "-m", "instructor.course", *words]
        done = subprocess.run(command, cwd=ROOT, stdout=writing, stderr=subprocess.PIPE, text=True)
    finally:
        os.close(writing)
    assert done.stderr == ""
    assert done.returncode == 141
