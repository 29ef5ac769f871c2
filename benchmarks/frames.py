"""What a page shows from one animation frame to the next: for `benchmarks live` and the tests."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count
from typing import Any

LONGEST_MS = 2000  # what a key is waited for
SETTLE_MS = 80  # after a key, before the change is looked for
MOVES_PER_S = 60

WATCH = """
(source) => {
  const small = document.createElement('canvas');
  small.width = 96; small.height = 48;
  const context = small.getContext('2d', { willReadFrequently: true });
  context.imageSmoothingQuality = 'high'; // every pixel counts, thin lines too
  const watch = { frames: 0, changes: [], keys: [], blank: 0, seen: false, sum: null, on: true };
  watch.asked = 0;
  const look = (now) => {
    if (!watch.on) return;
    watch.frames += 1;
    const found = [...document.querySelectorAll(source)];
    const picture = found[found.length - 1];
    let sum = 0, painted = false;
    if (picture && (picture.width || picture.naturalWidth)) {
      context.clearRect(0, 0, 96, 48);
      context.drawImage(picture, 0, 0, 96, 48);
      const data = context.getImageData(0, 0, 96, 48).data;
      for (let i = 0; i < data.length; i += 1) {
        sum = (sum * 31 + data[i]) | 0;
        painted ||= i % 4 === 3 && data[i] > 0;
      }
    }
    watch.seen ||= painted;
    if (watch.seen && !painted) watch.blank += 1; // once seen, it must never go away
    if (painted) {
      if (watch.sum !== null && sum !== watch.sum) watch.changes.push(performance.now());
      watch.sum = sum;
    }
    requestAnimationFrame(look);
  };
  addEventListener('keydown', (event) => watch.keys.push(event.timeStamp), { capture: true });
  addEventListener('input', () => (watch.asked += 1), { capture: true });
  if (window.watch) window.watch.on = false;
  window.watch = watch;
  requestAnimationFrame(look);
}
"""


# Milliseconds from the last key to the change after it; what was waited if none came.
WAIT_FOR_CHANGE = """
async (longest) => {
  while (!watch.changes.length && performance.now() - watch.keys[0] < longest) {
    await new Promise(requestAnimationFrame);
  }
  return Math.min(watch.changes.length ? watch.changes[0] - watch.keys[0] : longest, longest);
}
"""


@dataclass(frozen=True)
class Drag:
    """Frames with new pixels a second, and changes of the control a second."""

    frames: float
    asked: float


def step(page: Any, key: str) -> float:
    """Press `key`: milliseconds from its time stamp to the first frame with other pixels."""
    page.evaluate("watch.changes.length = 0; watch.keys.length = 0")
    page.keyboard.press(key)
    page.wait_for_timeout(SETTLE_MS)
    return float(page.evaluate(WAIT_FOR_CHANGE, LONGEST_MS))


def drag_places(options: int) -> Iterator[float]:
    """Where a dragged handle is at each move, in [0, 1], to and fro between the ends.

    Each move comes to another option, however few there are: a page takes one move a frame, and
    would otherwise be asked for fewer changes than it has frames.
    """
    if options < 2:
        raise ValueError(f"a drag needs at least two options to move among, got {options}")
    distance = max(1 / (options - 1), 0.037)
    for move in count(1):
        yield abs((move * distance) % 2 - 1)


def drag(page: Any, slider: Any, options: int, seconds: float) -> Drag:
    """What a page shows while a slider goes to and fro, sixty moves a second."""
    slider.scroll_into_view_if_needed()
    box = slider.bounding_box()
    left, right = box["x"] + 10, box["x"] + box["width"] - 10
    y = box["y"] + box["height"] / 2
    page.mouse.move(right, y)
    page.mouse.down()
    places = drag_places(options)
    found = steadily(
        page, seconds, MOVES_PER_S,
        lambda: page.mouse.move(left + next(places) * (right - left), y),
    )  # fmt: skip
    page.mouse.up()
    return found


def steadily(page: Any, seconds: float, per_second: float, move: Callable[[], None]) -> Drag:
    """What a page shows while `move` is called so many times a second."""
    page.evaluate("watch.changes.length = watch.asked = 0; watch.began = performance.now()")
    began, moves = time.perf_counter(), 0
    while time.perf_counter() - began < seconds:
        moves += 1
        move()
        time.sleep(max(0.0, began + moves / per_second - time.perf_counter()))
    frames, asked = page.evaluate(
        """() => {
            const seconds = (performance.now() - watch.began) / 1000;
            return [watch.changes.length / seconds, watch.asked / seconds];
        }"""
    )
    return Drag(float(frames), float(asked))
