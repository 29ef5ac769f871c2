"""Panels in a kernel as other front ends use it: Colab and VS Code know no subshells, so what a
slider asks for waits for the running cell, and is handled on the thread that runs cells."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from jupyter_client.blocking import BlockingKernelClient
from jupyter_client.manager import KernelManager

from course_utils import live

pytestmark = pytest.mark.slow

WAIT_S = 60.0  # a kernel that hangs fails

PANEL = """
import threading, time
from pathlib import Path
from course_utils import live
from tests.small_panels import AtBar

trained = []

def train(noise):
    trained.append(noise)
    yield {"epoch": 3, "noise": noise}

sweep = live.sweep(train, AtBar(), name="p", values=[0.0, 0.5, 1.0],
                   controls={"noise": list(range(20))}, epochs=3)
heard_on = []
sweep.view.observe(lambda _: heard_on.append(threading.current_thread()), "indices")
"""
BUSY = """
Path("begun").touch()
while not Path("go on").exists():
    time.sleep(0.02)
"""

EXPLORE = """
import random, time
import torch
from course_utils import live
from tests.small_panels import Bar

computed, beside, a_cell_runs = [], [], False

def compute(level):
    computed.append(level)
    beside.append(a_cell_runs)
    random.seed(3), torch.manual_seed(3)
    time.sleep(0.02)
    beside.append(a_cell_runs)
    return level

panel = live.explore(compute, Bar(), controls={"level": [i / 20 for i in range(20)]})
random.seed(1), torch.manual_seed(1)
computed.clear()
"""
DRAWS = """
a_cell_runs = True
time.sleep(0.03)
print(random.random(), torch.rand(1).item())
a_cell_runs = False
print(len(computed))
"""


class Kernel:
    """A kernel, and the messages that it sends to a front end."""

    def __init__(self, client: BlockingKernelClient, folder: Path) -> None:
        self.client = client
        self.folder = folder
        self.sent: list[dict[str, Any]] = []  # to the front end, in order

    def execute(self, code: str) -> str:
        """Run a cell; what it prints. An error in it fails the test."""
        self.client.execute_interactive(code, output_hook=self.sent.append, timeout=WAIT_S)
        errors = [one for one in self.sent if one["msg_type"] == "error"]
        assert errors == []
        streams = [one["content"]["text"] for one in self.sent if one["msg_type"] == "stream"]
        return "".join(streams)

    def view(self) -> str:
        """The comm of the panel that was opened last."""
        opened = [
            one["content"]
            for one in self.sent
            if one["msg_type"] == "comm_open" and "controls" in one["content"]["data"]["state"]
        ]
        return str(opened[-1]["comm_id"])

    def move(self, comm: str, *, subshell: str | None = None, **indices: int) -> None:
        """Send what a front end sends when a slider moves; without a subshell, as Colab does."""
        state = {"indices": indices}
        content = {
            "comm_id": comm,
            "data": {"method": "update", "state": state, "buffer_paths": []},
        }
        message = self.client.session.msg("comm_msg", content)
        if subshell:
            message["header"]["subshell_id"] = subshell
        self.client.shell_channel.send(message)

    def approach(self, comm: str, name: str) -> None:
        """Send what a front end sends when the pointer comes to a control."""
        data = {"method": "custom", "content": {"type": "near", "name": name, "held": 0}}
        message = self.client.session.msg("comm_msg", {"comm_id": comm, "data": data})
        self.client.shell_channel.send(message)

    def new_subshell(self) -> str:
        """Open a subshell, as JupyterLab does; its id."""
        message = self.client.session.msg("create_subshell_request", {})
        self.client.control_channel.send(message)
        reply = self.client.get_control_msg(timeout=WAIT_S)
        return str(reply["content"]["subshell_id"])

    def wait_text(self, comm: str, text: str) -> None:
        """Wait for a picture of the panel that says `text`."""
        ends = time.monotonic() + WAIT_S
        while time.monotonic() < ends:
            one = self.client.get_iopub_msg(timeout=WAIT_S)
            self.sent.append(one)
            if one["msg_type"] != "comm_msg" or one["content"]["comm_id"] != comm:
                continue
            newest = one["content"]["data"].get("state", {}).get("newest", {})
            if newest.get("text") == text:
                return
        raise AssertionError(f"the panel never said {text!r}")


@pytest.fixture
def kernel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Kernel]:
    monkeypatch.setenv("PYTHONPATH", str(Path(live.__file__).parents[2]))
    manager = KernelManager(kernel_name="python3")
    manager.start_kernel(cwd=str(tmp_path))
    client = manager.blocking_client()
    client.start_channels()
    try:
        client.wait_for_ready(timeout=WAIT_S)
        yield Kernel(client, tmp_path)
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


@pytest.mark.parametrize("subshells", [False, True], ids=["as Colab", "as JupyterLab"])
def test_sliders_moved_while_a_cell_runs_are_followed_to_their_newest_value(
    kernel: Kernel, subshells: bool
) -> None:
    kernel.execute(PANEL)
    comm = kernel.view()
    subshell = kernel.new_subshell() if subshells else None
    kernel.client.execute(BUSY)
    ends = time.monotonic() + WAIT_S
    while not (kernel.folder / "begun").exists():
        assert time.monotonic() < ends
        time.sleep(0.02)
    for noise in range(1, 20):
        kernel.move(comm, subshell=subshell, p=1, noise=noise)
    (kernel.folder / "go on").touch()
    kernel.wait_text(comm, "p = 0.5, noise = 19, epoch 3")
    said = kernel.execute(
        "print(len(heard_on), trained[0], trained[-1], sweep.text, sweep.error, sep=', ')\n"
        "print(set(heard_on) == {threading.main_thread()})"
    ).splitlines()
    heard, _, rest = said[0].partition(", ")
    assert rest == "0, 19, p = 0.5, noise = 19, epoch 3, None"
    # ipykernel may hand a message to the thread of cells even if it names a subshell, and what is
    # overtaken on the way is not heard.
    assert heard == "19" or subshells
    assert said[1] == "True" or subshells


def test_cells_draw_the_same_numbers_whether_or_not_somebody_is_near_a_panel(
    kernel: Kernel,
) -> None:
    kernel.execute(EXPLORE)
    comm = kernel.view()
    dice, torches = random.Random(1), torch.Generator().manual_seed(1)
    ends = time.monotonic() + WAIT_S
    drawn: list[list[str]] = []
    computed = 0
    while len(drawn) < 6 or computed == 0:
        assert time.monotonic() < ends
        kernel.approach(comm, "level")
        time.sleep(0.02 * (len(drawn) % 6))
        *_, last, told = kernel.execute(DRAWS).splitlines()
        drawn.append(last.split())
        computed = int(told)
    expected = [(dice.random(), torch.rand(1, generator=torches).item()) for _ in drawn]
    assert [(float(one), float(other)) for one, other in drawn] == expected
    assert kernel.execute("print(any(beside))").endswith("False\n")
