"""Builds the site: `python3 start.py site [LESSONS] [--repository ADDRESS]`."""

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from nbclient.exceptions import CellExecutionError, CellTimeoutError

from course_utils.tooling.notebooks import find
from website.building import Address, SiteError, build
from website.execute import ROOT, executed
from website.page import lesson_page


def main(arguments: Sequence[str]) -> int:
    """Execute the lessons, build the site; the exit code."""
    parser = argparse.ArgumentParser(prog="start.py site", description="Build the static site.")
    parser.add_argument("lessons", nargs="*", help="such as 02 03; all of them if none is named")
    parser.add_argument("--out", type=Path, default=ROOT / "build" / "site", help="the folder")
    parser.add_argument(
        "--repository", default="", metavar="ADDRESS",
        help="https://github.com/OWNER/NAME, for links to Binder and Colab",
    )  # fmt: skip
    parser.add_argument("--branch", default="main", help="that those links lead to")
    args = parser.parse_args(arguments)
    try:
        address = Address(args.repository, args.branch)
        notebooks = sorted(find(args.lessons, ROOT / "notebooks"))
        pages = []
        for path in notebooks:
            print(f"{path.stem:<28} ", end="", flush=True)
            began = time.perf_counter()
            page = lesson_page(path.stem, executed(path, ROOT / "build" / "site-lessons"))
            pages.append(page)
            states = sum(len(panel["states"]) for panel in page.panels.values())
            seconds = time.perf_counter() - began
            print(f"{seconds:5.0f} s  {len(page.panels)} panels, {states} pictures", flush=True)
        build(pages, notebooks, args.out, address)
    except (SiteError, CellExecutionError, CellTimeoutError) as error:
        print(f"\n{error}", file=sys.stderr)
        return 1
    print(f"Written. Open {args.out / 'index.html'} in a browser.")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
