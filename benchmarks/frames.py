"""What a page shows from one animation frame to the next: for `benchmarks live` and the tests."""

WATCH = """
(source) => {
  const small = document.createElement('canvas');
  small.width = 96; small.height = 48;
  const context = small.getContext('2d', { willReadFrequently: true });
  context.imageSmoothingQuality = 'high'; // every pixel counts, thin lines too
  const watch = { frames: 0, changes: [], keys: [], blank: 0, seen: false, sum: null, on: true };
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
