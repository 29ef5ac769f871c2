"""What the README's first screen says is so: its pictures, and the minutes of its table."""

import re

import nbformat
from PIL import Image

from tests.courses import ROOT, read

HEAVIEST = 600_000  # bytes of a picture on the first screen
WORDS = {"a quarter of an hour": 15, "another quarter of an hour": 15, "half an hour": 30}


def minutes(notebook: str) -> tuple[int, int]:
    """What a lesson's first cell says: minutes to read and play, and those to go deeper."""
    first = " ".join(nbformat.read(ROOT / notebook, as_version=4).cells[0].source.split())
    (plain,) = re.findall(r"Time: about (\d+) minutes to read and play", first)
    (deeper,) = re.findall(r"\*Go deeper\* takes (?:some )?(.*?)(?: more|,|\.)", first)
    return int(plain), WORDS.get(deeper) or int(deeper.removesuffix(" minutes"))


def test_the_minutes_are_those_of_the_lessons() -> None:
    rows = re.findall(r"\((notebooks/\w+\.ipynb)\).*\| (\d+) \+ (\d+) \|", read("README.md"))
    assert len(rows) == len(list((ROOT / "notebooks").glob("*.ipynb")))
    for notebook, plain, deeper in rows:
        assert (int(plain), int(deeper)) == minutes(notebook), notebook


def test_the_pictures_are_there_and_light_and_one_of_them_moves() -> None:
    text = read("README.md")
    still, moving = re.search(r'srcset="(.*?)">\s*<img src="(.*?)"', text).groups()
    assert (ROOT / still).stat().st_size < HEAVIEST
    assert (ROOT / moving).stat().st_size < HEAVIEST
    with Image.open(ROOT / moving) as shown:
        assert shown.n_frames > 5
        assert shown.info["loop"] > 0  # it comes to rest
