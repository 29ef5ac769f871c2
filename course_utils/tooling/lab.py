"""Opens JupyterLab in a folder that holds lessons and exercises."""

import os
import signal
import subprocess
from pathlib import Path

from course_utils.tooling.environment import Environment
from course_utils.tooling.pip import say

FIRST_LESSON = "notebooks/01_overfitting.ipynb"

#: What *File > Save and Export Notebook As > HTML* takes of each output, the first one that there
#: is. nbconvert itself prefers widgets, which its pages cannot show without a network.
EXPORTED = [
    "text/html", "image/svg+xml", "image/png", "image/jpeg", "text/markdown", "text/latex",
    "application/vnd.jupyter.widget-view+json", "application/javascript", "text/plain",
]  # fmt: skip


def lab_command(env: Environment, folder: Path, *, browser: bool) -> list[str]:
    """The command that starts JupyterLab in `folder`, at the first lesson."""
    command = [str(env.python), "-m", "jupyterlab", "--log-level=WARN"]
    command.append(f"--ServerApp.root_dir={folder}")
    command.append(f"--NbConvertBase.display_data_priority={EXPORTED}")
    if not browser:
        command.append("--no-browser")
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        command.append("--allow-root")  # in a container there is often no other user
    if (folder / FIRST_LESSON).exists():
        command.append(f"--LabApp.default_url=/lab/tree/{FIRST_LESSON}")
    return command


def open_lab(env: Environment, folder: Path, *, browser: bool) -> int:
    """Start JupyterLab and stay until it ends."""
    say(f"Opening {FIRST_LESSON} in JupyterLab. To stop it: Ctrl-C in this window.")
    command = lab_command(env, folder, browser=browser)
    os.chdir(folder)
    if os.name == "posix":
        # Becoming JupyterLab instead of starting it leaves nothing behind when it is stopped.
        os.execve(command[0], command, env.variables())
    signal.signal(signal.SIGINT, lambda *_: None)  # Ctrl-C is JupyterLab's to answer
    return subprocess.run(command, env=env.variables()).returncode
