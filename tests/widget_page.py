"""A widget's script in a plain page, with a made-up model in the kernel's place: no JupyterLab."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from course_utils.plots.figures import encode_png

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

ADDRESS = "http://panel.test/"  # answered by the test itself, never by a network

HTML = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>a widget</title>
<link rel="stylesheet" href="widget.css">
<body><main></main></body></html>"""

# The traits live in `state`; `told` is what the kernel would have received.
MODEL = """
class MadeUp {
  constructor(state) {
    this.state = state;
    this.listeners = [];
    this.unsaved = {};
    this.told = [];
    const signal = () => ({ slots: [], connect(slot) { this.slots.push(slot); } });
    const session = {
      statusChanged: signal(), connectionStatusChanged: signal(), kernelChanged: signal(),
    };
    this.notebook = {};
    this.widget_manager = {
      context: {
        sessionContext: session,
        model: {
          setMetadata: (name, value) => { this.notebook[name] = value; },
          getMetadata: (name) => this.notebook[name],
        },
      },
      get_state: async () => ({
        state: { [this.state.uid]: { state: { ...this.state, layout: "IPY_MODEL_layout" } },
                 layout: { state: {} } },
      }),
    };
  }
  get(name) { return this.state[name]; }
  set(name, value) { this.state[name] = this.unsaved[name] = value; this.tell([name]); }
  save_changes() { this.told.push(this.unsaved); this.unsaved = {}; }
  send(content) { this.told.push(content); }
  on(events, listener) {
    for (const event of events.split(" ")) this.listeners.push([event, listener]);
  }
  off(events, listener) {
    this.listeners = this.listeners.filter(([event, one]) =>
      !(events.split(" ").includes(event) && one === listener));
  }
  tell(names) {
    for (const name of names) this.trigger(`change:${name}`);
  }
  trigger(event, ...told) {
    for (const [one, listener] of [...this.listeners]) if (one === event) listener(...told);
  }
  /** What the kernel sends. */
  push(changes) { Object.assign(this.state, changes); this.tell(Object.keys(changes)); }
  /** What JupyterLab says of the kernel. */
  say(signal, told) {
    for (const slot of this.widget_manager.context.sessionContext[signal].slots) slot(null, told);
  }
}
window.bytes = (value) => {
  if (Array.isArray(value)) return value.map(bytes);
  if (value === null || typeof value !== "object") return value;
  const read = Object.entries(value).map(([name, one]) => [
    name,
    name === "png" ? new DataView(Uint8Array.from(atob(one), (c) => c.charCodeAt(0)).buffer)
                   : bytes(one),
  ]);
  return Object.fromEntries(read);
};
window.begin = async (state) => {
  const { default: widget } = await import("./widget.js");
  window.model = new MadeUp(bytes(state));
  window.widget = typeof widget === "function" ? widget() : widget;
  await window.widget.initialize?.({ model });
  window.views = [];
  window.show();
};
window.show = async () => {
  const el = document.createElement("div");
  document.querySelector("main").append(el);
  window.views.push({ el, remove: await window.widget.render({ model, el }) });
};
"""


def picture(shade: int, width: int = 300, height: int = 200) -> str:
    """A picture of one gray, as JSON can hold it."""
    pixels = np.full((height, width, 3), shade, dtype=np.uint8)
    return base64.b64encode(encode_png(pixels)).decode()


class WidgetPage:
    """A page on which one widget runs."""

    def __init__(self, page: Page, script: str, css: str) -> None:
        self.page = page
        files = {"": ("text/html", HTML), "widget.js": ("text/javascript", script),
                 "widget.css": ("text/css", css)}  # fmt: skip

        def answer(route: Any) -> None:
            kind, body = files[route.request.url.removeprefix(ADDRESS)]
            route.fulfill(content_type=f"{kind}; charset=utf-8", body=body)

        page.route("**/*", answer)
        page.goto(ADDRESS)
        page.evaluate(f"() => {{ {MODEL} }}")

    def begin(self, state: Mapping[str, Any]) -> None:
        """Make the widget from its traits, and show it."""
        self.page.evaluate("(state) => begin(state)", dict(state))

    def push(self, **changes: Any) -> None:
        """Change traits as the kernel does."""
        self.page.evaluate("(changes) => model.push(bytes(changes))", changes)

    def receive(self, message: Mapping[str, Any], *pngs: str) -> None:
        """Let the kernel send a message that is no change of a trait, with pictures beside it."""
        self.page.evaluate(
            """([message, pngs]) => {
                const buffers = pngs.map((png) => bytes({ png }).png);
                model.trigger("msg:custom", message, buffers);
            }""",
            [dict(message), pngs],
        )

    def say(self, signal: str, told: Any) -> None:
        """Say of the kernel what JupyterLab would."""
        self.page.evaluate("([signal, told]) => model.say(signal, told)", [signal, told])

    @property
    def told(self) -> list[dict[str, Any]]:
        """What the browser has sent to the kernel."""
        return list(self.page.evaluate("model.told"))


@contextmanager
def new_page(browser: Browser, **viewport: int) -> Iterator[Page]:
    """A page with a fresh profile, on which no script may fail."""
    context = browser.new_context(viewport={"width": 1280, "height": 1000, **viewport})
    errors: list[str] = []
    page = context.new_page()
    page.on("pageerror", lambda error: errors.append(str(error)))
    yield page
    context.close()
    assert errors == []
