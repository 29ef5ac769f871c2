"""The table of what was tried."""

import numpy as np
import pytest

from course_utils.loss_log import LossLog


def test_a_row_holds_means_with_their_intervals() -> None:
    log = LossLog()
    log.add("dropout p = 0.3", np.array([0.4, 0.5, 0.6]), np.array([0.90, 0.91, 0.92]))
    row = repr(log).splitlines()[-1]
    assert "dropout p = 0.3" in row
    assert "0.500 ± 0.248" in row
    assert "91.0% ± 2.5" in row
    assert row.endswith("3")


def test_one_run_has_no_interval() -> None:
    log = LossLog()
    log.add("one run", 0.3, 0.8)
    assert repr(log).splitlines()[-1].split() == ["one", "run", "0.300", "80.0%", "1"]


def test_a_regression_has_no_accuracy() -> None:
    log = LossLog()
    log.add("degree 3", [0.1, 0.2])
    assert "%" not in repr(log)
    assert "<td" in log._repr_html_()


def test_the_same_name_replaces_its_row_in_place() -> None:
    log = LossLog()
    log.add("first", 0.5)
    log.add("second", 0.4)
    log.add("first", 0.3)
    assert [line.split()[:2] for line in repr(log).splitlines()[2:]] == [
        ["first", "0.300"],
        ["second", "0.400"],
    ]


def test_a_diverged_run_is_told() -> None:
    log = LossLog()
    log.add("lr 10", np.array([np.nan, np.nan]), np.array([np.nan, np.nan]))
    assert "diverged" in repr(log)


def test_html_is_escaped_and_has_every_row() -> None:
    log = LossLog()
    log.add("<b> & co", 0.5, 0.9)
    html = log._repr_html_()
    assert "&lt;b&gt; &amp; co" in html
    assert html.count("<tr>") == 2
    assert html.count('scope="col"') == 4


def test_an_empty_log_shows_its_headings() -> None:
    assert repr(LossLog()).splitlines()[0].startswith("tried")


def test_a_whole_curve_is_refused() -> None:
    with pytest.raises(ValueError, match=r"got shape \[8, 101\]; .*fleet.val_loss\[i, :, -1\]"):
        LossLog().add("all epochs", np.zeros((8, 101)))


def test_losses_and_accuracies_of_different_runs_are_refused() -> None:
    with pytest.raises(ValueError, match="got 8 and 4 seeds"):
        LossLog().add("mixed", np.zeros(8), np.zeros(4))
