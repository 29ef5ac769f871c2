"""The widgets in front ends that are not JupyterLab: VS Code, Google Colab, and any other that has
no more than the model that anywidget documents."""

import sys
from types import ModuleType, SimpleNamespace

import pytest
from anywidget import _util

pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

from axe_playwright_python.sync_playwright import Axe

from course_utils.live import display as display_module
from course_utils.live import predict
from course_utils.live.predict import Question
from course_utils.live.view import View
from tests.panel_page import Panel, page, stream, sweep, wait_shade
from tests.small_panels import make_stream
from tests.widget_page import WidgetPage, new_page

WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"
ASKED = {"question": "The loss ...", "options": ["rises", "falls"], "chosen": -1,
         "drawn": False, "frozen": False, "uid": "q"}  # fmt: skip

# A model with the six methods that anywidget documents; an event has one name.
BEGIN = """async (state) => {
  const told = [], listeners = [];
  const traits = bytes(state);
  let unsaved = {};
  const tell = (name) => listeners.filter(([one]) => one === `change:${name}`)
    .forEach(([, listener]) => listener());
  const model = {
    get: (name) => traits[name],
    set: (name, value) => { traits[name] = unsaved[name] = value; tell(name); },
    save_changes: () => { told.push(unsaved); unsaved = {}; },
    send: (content) => told.push(content),
    on: (event, listener) => listeners.push([event, listener]),
    off: (event, listener) => {
      const at = listeners.findIndex(([one, other]) => one === event && other === listener);
      if (at >= 0) listeners.splice(at, 1);
    },
  };
  const push = (changes) => { Object.assign(traits, changes); Object.keys(changes).forEach(tell); };
  window.model = { told, push };
  const { default: widget } = await import("./widget.js");
  const made = widget();
  await made.initialize({ model });
  const el = document.createElement("div");
  document.querySelector("main").append(el);
  window.end = await made.render({ model, el });
  window.listening = () => listeners.length;
}"""


class BarePanel(Panel):
    """A panel whose model is no more than what is documented."""

    def begin(self, state):
        self.page.evaluate(BEGIN, state)
        self.wait("document.querySelector('.live-text p')?.textContent")


@pytest.fixture
def plain(chrome):
    with new_page(chrome) as opened:
        yield opened


# --- no more than the documented model


@pytest.mark.browser
def test_a_panel_needs_no_more_than_the_documented_model(plain):
    panel = BarePanel(plain)
    panel.begin(sweep())
    panel.slider.focus()
    plain.keyboard.press("ArrowRight")
    assert (panel.text, panel.shade) == ("gray 80", 80)
    plain.get_by_role("radio", name="20%").check()
    assert panel.told[-1] == {"indices": {"p": 1, "noise": 1}, "asked": 1}
    panel.push(heard=1, status="training: epoch 3 of 80", progress=0.1)
    assert panel.doing == "training: epoch 3 of 80"
    assert plain.locator("progress").is_visible()
    panel.push(newest={**page(100, p=1, noise=1), "run": 1, "index": 1}, status="", progress=-1)
    wait_shade(panel, 100)
    assert panel.doing == ""
    assert not plain.locator("progress").is_visible()


@pytest.mark.browser
def test_a_stream_plays_with_the_documented_model(plain):
    panel = BarePanel(plain)
    panel.begin(stream())
    plain.get_by_role("button", name="Play").click()
    assert panel.told[-1] == {"type": "press", "name": "play"}
    panel.push(error="ValueError: p must be below 1", trace="line 3")
    assert "p must be below 1" in plain.get_by_role("alert").inner_text()
    before = plain.evaluate("listening()")
    plain.evaluate("end()")  # the view goes, and hears nothing any more
    assert plain.evaluate("listening()") < before
    panel.push(status="paused: step 3")


@pytest.mark.browser
def test_a_question_needs_no_more_than_the_documented_model(plain):
    question = WidgetPage(plain, Question._esm, Question._css)
    plain.evaluate(BEGIN, ASKED)
    plain.get_by_role("radio", name="falls").check()
    assert question.told == [{"drawn": True}, {"chosen": 1}]
    assert plain.locator(".predict p").inner_text() == "Saved. Click the next cell and run it."


# --- their colors

VSCODE = {
    "dark": {"foreground": "#d4d4d4", "background": "#1e1e1e"},
    "light": {"foreground": "#3b3b3b", "background": "#ffffff"},
}
COLORS = {
    "dark": "body { background: #383838; color: #e3e3e3; }",
    "light": "body { background: white; color: black; }",
}
# Jupyter's light colors, which VS Code gives its widgets in each of its themes.
LABVARIABLES = ":root { --jp-ui-font-color1: #000c; --jp-ui-font-color2: #0009; }"


def vscode(theme):
    colors = VSCODE[theme]
    return (
        f"document.body.className = 'vscode-{theme}';",
        f"{LABVARIABLES} :root {{ --vscode-editor-foreground: {colors['foreground']};"
        f" --vscode-editor-background: {colors['background']}; }}"
        f" body {{ background: {colors['background']}; color: {colors['foreground']}; }}"
        " main { background: white; }",  # as VS Code does to widgets
    )


def colab(theme):
    return f"document.documentElement.setAttribute('theme', '{theme}');", COLORS[theme]


def unknown(theme):
    return "", COLORS[theme]


@pytest.mark.browser
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("front_end", [vscode, colab, unknown])
@pytest.mark.parametrize("widget", [View, Question], ids=["panel", "question"])
def test_words_can_be_read_in_its_themes(plain, front_end, theme, widget):
    if widget is View:
        panel = BarePanel(plain)
        panel.begin(sweep(buttons=stream()["buttons"], status="training: epoch 3 of 80"))
    else:
        WidgetPage(plain, Question._esm, Question._css)
        plain.evaluate(BEGIN, ASKED)
    script, style = front_end(theme)
    plain.evaluate(f"() => {{ {script} }}")
    plain.add_style_tag(content=style)
    found = Axe().run(plain, options={"runOnly": ["color-contrast"]}).response
    assert [(one["id"], one["nodes"][0]["html"]) for one in found["violations"]] == []
    assert found["passes"]


@pytest.mark.browser
@pytest.mark.parametrize("front_end", [vscode, colab])
def test_a_picture_is_not_white_in_a_dark_theme(plain, front_end):
    panel = BarePanel(plain)
    panel.begin(sweep())
    script, style = front_end("dark")
    plain.evaluate(f"() => {{ {script} }}")
    plain.add_style_tag(content=style)
    assert "invert" in plain.locator("canvas").evaluate("(one) => getComputedStyle(one).filter")


# --- how they are told of a widget


@pytest.fixture
def outputs(monkeypatch, closing):
    """What the widgets give to a front end, as data and metadata."""
    shown = []
    shell = SimpleNamespace(execution_count=1, get_parent=dict)
    shell.kernel = shell

    def display(data, *, metadata, raw, display_id=False):
        assert raw
        place = len(shown)
        shown.append((data, metadata))

        def update(data, *, metadata, raw):
            shown[place] = (data, metadata)

        return SimpleNamespace(update=update)

    for module in (vars(display_module), predict.__globals__):
        monkeypatch.setitem(module, "get_ipython", lambda: shell)
        monkeypatch.setitem(module, "display", display)
    return shown


def test_where_no_widget_can_run_there_is_a_picture_or_a_list(outputs):
    make_stream()
    predict("The loss ...", ["rises", "falls & stays"])
    panel, question = (data for data, _ in outputs)
    assert panel["text/plain"] == "rate: 0.01\nlevel 0.03"
    assert 'alt="level 0.03 (rate: 0.01)"' in panel["text/html"]
    assert panel["image/png"]
    assert question["text/plain"] == "The loss ...\n- rises\n- falls & stays"
    assert "<li>falls &amp; stays</li>" in question["text/html"]


def test_colab_learns_which_manager_draws_the_widgets(outputs, monkeypatch):
    enabled = []
    colab = ModuleType("google.colab.output")
    colab.enable_custom_widget_manager = lambda: enabled.append(True)
    colab._widgets = SimpleNamespace(_installed_url="https://manager.test/")
    monkeypatch.setitem(sys.modules, "google.colab.output", colab)
    _util.enable_custom_widget_manager_once.cache_clear()
    make_stream()
    predict("The loss ...", ["rises", "falls"])
    _util.enable_custom_widget_manager_once.cache_clear()
    assert enabled == [True]
    for data, metadata in outputs:
        assert data[WIDGET_VIEW]["model_id"]
        manager = metadata[WIDGET_VIEW]["colab"]["custom_widget_manager"]
        assert manager == {"url": "https://manager.test/"}
    assert outputs[0][1]["image/png"]["alt"]  # the picture's own metadata are there as well
