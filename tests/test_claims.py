"""Every claim of every lesson, measured again at each ending of the training: 8 paired seeds, and
the interval must say it.

That trains for many minutes, and so it runs where it is asked for: by `python3 start.py claims`, or
here with COURSE_CLAIMS=1. The test of each lesson measures what the lesson itself shows.
"""

import json
import os
import runpy
from functools import cache
from pathlib import Path

import pytest

import claims
from claims import all_claims, few_samples
from claims.claim import Claim
from course_utils.data import MIRROR_VARIABLE, Dataset, DownloadError, load_dataset
from course_utils.evidence import Difference, paired_difference

pytestmark = pytest.mark.no_cover  # long, and what they run is run by other tests too

#: A folder with the files of MNIST that may lie beside the checkout.
BESIDE = Path(__file__).resolve().parents[2] / "shared" / "data"
#: Where this is set, all claims are measured.
ASKED = "COURSE_CLAIMS"
NOWHERE = "http://127.0.0.1:9"  # a test waits for no public server


@cache
def data_set(name: str) -> Dataset | None:
    """The data set with few samples, or None where its files are not at hand."""
    with pytest.MonkeyPatch.context() as patch:
        if MIRROR_VARIABLE not in os.environ:
            patch.setenv(MIRROR_VARIABLE, str(BESIDE) if BESIDE.is_dir() else NOWHERE)
        try:
            return few_samples(name)
        except DownloadError:
            return None


def the_claim_holds(claim: Claim, name: str) -> None:
    data = data_set(name)
    if data is None:
        pytest.skip(f"the files of {name} are not here; {MIRROR_VARIABLE} may name a place")
    for ending in claim.endings:
        difference = claim.compare(data, ending)
        assert claim.holds(difference), (
            f"lesson {claim.lesson} says on {name}: {claim.sentence!r}, expecting {claim.expect}; "
            f"measured {difference} at the ending {ending!r}"
        )


def claims_of(lesson: int, name: str) -> type:
    """The claims of one lesson on one data set. They read the same trainings, and the class keeps
    them in one process where the tests run in several (``--dist loadscope``)."""

    class Claims:
        @pytest.mark.slow
        @pytest.mark.skipif(
            ASKED not in os.environ, reason=f"python3 start.py claims measures it, or {ASKED}=1"
        )
        @pytest.mark.parametrize(
            "claim",
            [c for c in all_claims() if c.lesson == lesson and name in c.datasets],
            ids=lambda claim: claim.technique,
        )
        def test_the_claim_holds(self, claim: Claim) -> None:
            the_claim_holds(claim, name)

    return Claims


for lesson, name in sorted({(c.lesson, name) for c in all_claims() for name in c.datasets}):
    globals()[f"TestLesson{lesson:02}On{name.title().replace(' ', '')}"] = claims_of(lesson, name)


@pytest.mark.parametrize(
    ("samples", "true"),
    [
        ([0.02, 0.03, 0.025, 0.03], {"higher", "not lower"}),
        ([-0.02, -0.03, -0.025, -0.03], {"lower", "not higher"}),
        ([-0.02, 0.02, -0.01, 0.01], {"not lower", "not higher"}),
    ],
)
def test_a_claim_is_refused_by_numbers_that_do_not_say_it(samples, true) -> None:
    difference: Difference = paired_difference(samples, [0.0] * len(samples))
    for expect in ("higher", "lower", "not higher", "not lower"):
        claim = Claim(1, "technique", "sentence", lambda data, ending: difference, expect)
        assert claim.holds(difference) == (expect in true)


def test_the_command_ends_with_one_line_of_json(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    higher: Difference = paired_difference([0.02, 0.03, 0.025], [0.0] * 3)
    made = [
        Claim(1, "always", "It is higher.", lambda data, ending: higher, "higher"),
        Claim(2, "once", "It is lower after 30 epochs.", lambda *_: higher, "lower", ("budget",)),
    ]
    monkeypatch.setattr(claims, "all_claims", lambda: made)
    monkeypatch.setattr(claims, "available_datasets", lambda: [load_dataset("digits", n_train=20)])
    for argv, expected in ((["01"], [1, 1, 1, 1]), ([], [2, 1, 1, 1])):
        monkeypatch.setattr("sys.argv", ["claims", *argv])
        runpy.run_module("claims", run_name="__main__", alter_sys=False)
        printed = capsys.readouterr()
        assert "01 | always | digits | " in printed.err  # each claim as soon as it is measured
        *_, last = printed.out.splitlines()
        keys = ["claims", "held", "held_long", "held_early_stopped"]
        assert json.loads(last) == dict(zip(keys, expected, strict=True))
