"""Questions before a result: keep the learner's guess, and show it beside what was measured."""

from collections.abc import Sequence
from html import escape
from typing import Any

import anywidget
import traitlets
from IPython import get_ipython
from IPython.display import display

from course_utils.live.display import with_widget
from course_utils.live.scripts import WEB, bundle

WAITING = "No guess yet: choose one of the answers above, then run this cell again."


class Question(anywidget.AnyWidget):
    """The widget: the question, and one radio button for each option."""

    _esm = bundle("predict.js")
    _css = (WEB / "predict.css").read_text(encoding="utf-8")

    question = traitlets.Unicode("").tag(sync=True)
    options: Any = traitlets.List().tag(sync=True)  # of str
    chosen = traitlets.Int(-1).tag(sync=True)  # -1 until something is chosen
    drawn = traitlets.Bool(False).tag(sync=True)  # true once a browser shows it
    frozen = traitlets.Bool(False).tag(sync=True)  # true in the copy a notebook keeps
    uid = traitlets.Unicode("").tag(sync=True)


class Prediction:
    """A question and the learner's guess. Made by `predict`."""

    def __init__(self, question: str, options: Sequence[str]) -> None:
        if isinstance(options, str) or len(set(options)) < max(len(options), 2):
            raise ValueError(
                f"options must be at least two different answers, got {options!r}; "
                'pass e.g. ["it rises", "it falls"]'
            )
        self.question = question
        self.options = tuple(options)
        self.view = Question(question=question, options=list(options))
        self.view.uid = self.view.model_id or ""

    @property
    def guess(self) -> str | None:
        """The option chosen last, or None."""
        return self.options[self.view.chosen] if self.view.chosen >= 0 else None

    def choose(self, option: str) -> None:
        """Choose an option as a click on it does. Raises ValueError if there is no such option."""
        if option not in self.options:
            raise ValueError(f"option must be one of {', '.join(self.options)}, got {option!r}")
        self.view.chosen = self.options.index(option)

    def reveal(self, measured: str, *, answer: int | str) -> None:
        """Print whether the guess was right, and below it what was measured.

        While a browser shows the question and no option is chosen yet, only a request to choose is
        printed. Where nobody could choose (a notebook executed as a whole), the answer is printed
        without a guess.

        Args:
            measured: the result, in words.
            answer: the option that the measurement confirms, by its text or by its index from 0;
                best computed from the measured numbers.

        Raises:
            ValueError: `answer` is neither an option nor the index of one.
        """
        right, guess = self._option(answer), self.guess
        if guess is None and self.view.drawn:
            print(WAITING)
            return
        if guess is None:
            print(f"The answer:  {right}")
        else:
            verdict = "That is right." if guess == right else f"In fact: {right}."
            print(f"Your guess:  {guess}. {verdict}")
        print(f"As measured: {measured}")

    def _option(self, answer: int | str) -> str:
        if isinstance(answer, str) and answer in self.options:
            return answer
        if not isinstance(answer, str) and 0 <= answer < len(self.options):
            return self.options[int(answer)]
        known = ", ".join(f"{i}: {option}" for i, option in enumerate(self.options))
        raise ValueError(f"answer must be an option or its index ({known}), got {answer!r}")

    def show(self) -> None:
        """Show the question in the running cell; nothing happens outside a notebook."""
        shell = get_ipython()
        if shell is None or not hasattr(shell, "kernel"):
            return
        # Where no widget can run (GitHub, a static page) the HTML is shown in its place.
        items = "".join(f"<li>{escape(option)}</li>" for option in self.options)
        question = f"<strong>Predict.</strong> {escape(self.question)}"
        still = {
            "text/html": f"<p>{question}</p><ul>{items}</ul>",
            "text/plain": "\n".join([self.question, *(f"- {option}" for option in self.options)]),
        }
        data, metadata = with_widget(self.view, (still, {}))
        display(data, metadata=metadata, raw=True)

    def __repr__(self) -> str:
        return f"Prediction({self.question!r}, guess: {self.guess or 'none'})"


def predict(question: str, options: Sequence[str]) -> Prediction:
    """Ask a question before its result is computed; `Prediction.reveal` shows the guess again.

    Execution does not wait for an answer: the notebook runs on, and `reveal` asks for a guess if
    there is none.

    Args:
        question: one sentence.
        options: at least two different answers, to be chosen by mouse or with the arrow keys.

    Raises:
        ValueError: there are fewer than two options, or two are the same.
    """
    prediction = Prediction(question, options)
    prediction.show()
    return prediction
