"""Which PyTorch is installed on Linux: the ordinary one, or the small one without CUDA.

On Linux the ordinary PyTorch brings NVIDIA's libraries, on x86_64 and on aarch64. Without a card
they are 5 GB that nothing uses. The small one has an index of its own, which a network may not
reach; and where the reader has told pip where packages come from, that holds.
"""

import http.client
import os
import platform
import re
import ssl
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path

from course_utils.tooling.environment import Environment, Probe, StartError, project
from course_utils.tooling.pip import say
from course_utils.tooling.pip_settings import Setting, pip_settings, source_of_packages

WISHES = ("cpu", "default")
INDEX = "https://download.pytorch.org/whl/cpu"
PAIR = ("torch", "torchvision")  # built for each other: both come from the same index
STAYS = "      .venv holds PyTorch already, and it stays. For the other one, delete .venv first."
MACHINES = ("x86_64", "aarch64")
PATIENCE_S = {None: 2.0, "cpu": 15.0}  # for the index to answer: unasked, and asked for
ENOUGH_BYTES = 8192  # of the page of torch, to see that it is one


def choose_torch(env: Environment, wish: str | None, probe: Probe | None) -> str | None:
    """The address of the index to take the small PyTorch from, or None: pip takes its ordinary one.

    `wish` is "cpu", "default" or None, for a decision by itself; `probe` is what the `.venv` to be
    completed holds, None if it is made anew. Says what is chosen and why. StartError if the small
    one is wished for and its index does not answer.
    """
    if has_torch(env.root, probe):
        if wish:
            say(STAYS)
        return None
    if wish == "default":
        return None
    if sys.platform != "linux":
        if wish:
            say("      On this system the ordinary PyTorch is the small one.")
        return None
    settings = pip_settings(env.folder)
    if wish is None and not _small_unasked(probe, settings):
        return None
    index = os.environ.get("COURSE_TORCH_INDEX") or INDEX
    trouble = what_is_wrong(index, settings, PATIENCE_S[wish])
    if trouble is None:
        say(f"      The small PyTorch (without CUDA) comes from {index}.")
        return index
    if wish:
        raise StartError(
            f"The index of the small PyTorch, {index}, {trouble}.\n"
            "Check the connection and run the same command again, or install the ordinary one\n"
            "(6 GB) with --torch default."
        )
    say(f"      The index of the small PyTorch, {index}, {trouble}:")
    say("      the ordinary one (6 GB) is installed. To insist on the small one: --torch cpu.")
    return None


def _small_unasked(probe: Probe | None, settings: Mapping[str, Setting]) -> bool:
    """Whether to try the small PyTorch where nothing is said on the command line."""
    if platform.machine() not in MACHINES:
        return False
    installed = probe.versions.get("torch") if probe else None
    if installed:
        return "+cpu" in installed  # half of a pair is completed, or renewed, by its like
    source = source_of_packages(settings)
    if source:
        say(f"      pip has a source of packages of its own here ({source});")
        say("      what it holds decides which PyTorch is installed.")
        return False
    if has_nvidia_card():
        say("      There is an NVIDIA card: the PyTorch for it is installed (6 GB).")
        return False
    return True


def has_nvidia_card(system: Path = Path("/")) -> bool:
    """Whether PyTorch could use an NVIDIA card: one that its driver has taken, or Windows' in WSL.

    A driver without a card leaves `proc/driver/nvidia/gpus` empty and makes no numbered device; so
    does a card without its driver, which PyTorch cannot use. A container may have any one number.
    """
    windows = system / "usr/lib/wsl/lib/libcuda.so.1"
    return (
        any(system.glob("dev/nvidia[0-9]*"))
        or any(system.glob("proc/driver/nvidia/gpus/*"))
        or ((system / "dev/dxg").exists() and windows.exists())
    )


def torch_requirements(root: Path) -> list[str]:
    """What the course asks of torch and torchvision, as in `torch>=2.6`."""
    listed = project(root)["dependencies"]
    assert isinstance(listed, list)
    return [item for item in listed if re.split(r"\W", item)[0] in PAIR]


def has_torch(root: Path, probe: Probe | None) -> bool:
    """Whether `.venv` has a torch and a torchvision that are new enough for the course."""
    if probe is None:
        return False
    for requirement in torch_requirements(root):
        form = re.fullmatch(r"(\w+)>=([\d.]+)", requirement)
        assert form, (
            f"write it as name>=version, got {requirement}; else start.py cannot compare it"
        )
        name, least = form.groups()
        version = probe.versions.get(name)
        if version is None or _numbers(version) < _numbers(least):
            return False
    return True


def _numbers(version: str) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", version.partition("+")[0])]


def what_is_wrong(index: str, settings: Mapping[str, Setting], patience: float) -> str | None:
    """Why pip could not take torch from `index`, or None if it lists torch within `patience` s.

    The time holds for all of it: a timeout of the socket would not end the search for an address,
    nor an answer that comes drop by drop.
    """
    answer: list[str | None] = []
    asking = threading.Thread(
        target=lambda: answer.append(_ask(index, settings, patience)), daemon=True
    )
    asking.start()
    asking.join(patience)
    return answer[0] if answer else f"does not answer within {patience:.0f} s"


def _ask(index: str, settings: Mapping[str, Setting], patience: float) -> str | None:
    """Read the beginning of the page of torch, with the proxy and the certificate set for pip."""
    proxy = settings["proxy"].value if "proxy" in settings else None
    variables = (os.environ.get(name) for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"))
    trusted = settings["cert"].value if "cert" in settings else next(filter(None, variables), None)
    folder = trusted is not None and Path(trusted).is_dir()
    try:
        context = ssl.create_default_context(
            cafile=None if folder else trusted, capath=trusted if folder else None
        )
        opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({"http": proxy, "https": proxy} if proxy else None),
            urllib.request.HTTPSHandler(context=context),
        )
        # Some servers turn away what calls itself Python-urllib.
        page_of_torch = urllib.request.Request(
            f"{index.rstrip('/')}/torch/", headers={"User-Agent": "start.py, for pip"}
        )
        # Longer than the patience of the caller, who then says so.
        with opener.open(page_of_torch, timeout=patience + 5) as answer:
            page = answer.read(ENOUGH_BYTES)
    except urllib.error.HTTPError as error:
        return f"answers with an error ({error.code})"
    except http.client.HTTPException:
        return "does not answer as a web server does"
    except (OSError, ValueError) as error:
        return f"cannot be reached ({getattr(error, 'reason', error)})"
    return None if re.search(rb"torch-\d[^\"'<>]*\.whl", page) else "does not list PyTorch"
