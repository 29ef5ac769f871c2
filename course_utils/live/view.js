// The browser's half of a live panel (see view.py). Pages are pictures with a line of text; the
// slider that turns them never asks the kernel. Pictures are decoded as soon as they arrive, so that
// turning a page is one drawImage: no page is ever blank.

/** The pages of one panel, shared by all its views. */
class Book {
  constructor(model) {
    this.model = model;
    this.bitmaps = [];
    this.texts = [];
    this.run = 0;
    this.count = 0; // of arrivals: an older picture never replaces a newer one
    this.arrival = [];
    this.views = new Set();
    this.focus = undefined; // the control that has the keyboard
    model.on("change:pages", () => this.takeAll());
    model.on("change:newest", () => this.takeNewest());
    this.takeAll();
    this.takeNewest();
  }

  /** The page pushed last; the first page of a new run makes all pages of the old one obsolete. */
  takeNewest() {
    const page = this.model.get("newest");
    if (!page.png) return;
    if (page.run !== this.run) {
      this.run = page.run;
      this.count += 1;
      this.arrival.fill(this.count);
      this.bitmaps.fill(null);
    }
    this.take([[page.index, page]]);
  }

  takeAll() {
    const pages = this.model.get("pages");
    this.arrival.length = this.bitmaps.length = pages.length;
    this.take([...pages.entries()].filter(([, page]) => page));
  }

  async take(pages) {
    const arrived = ++this.count;
    const bitmaps = await Promise.all(pages.map(([, page]) => decode(page.png)));
    pages.forEach(([index, page], i) => {
      if (arrived < (this.arrival[index] ?? 0)) return;
      this.arrival[index] = arrived;
      this.bitmaps[index] = bitmaps[i];
      this.texts[index] = page.text;
    });
    this.changed();
  }

  changed() {
    for (const view of this.views) view.paint();
    keepSoon(this);
  }

  /** The slider that turns pages, if there is one. */
  get turner() {
    return this.model.get("controls").find((control) => control.pages);
  }

  get page() {
    const turner = this.turner;
    return turner ? this.model.get("indices")[turner.name] : 0;
  }

  choose(name, index) {
    this.model.set("indices", { ...this.model.get("indices"), [name]: index });
    for (const view of this.views) view.follow();
    this.model.save_changes();
  }
}

function decode(bytes) {
  const type = bytes.getUint8(0) === 0x89 ? "image/png" : "image/webp"; // WebP in kept copies
  return createImageBitmap(new Blob([bytes], { type }));
}

/** One panel on the page. */
class PanelView {
  constructor(book, root) {
    this.book = book;
    this.model = book.model;
    this.root = root;
    this.inputs = new Map(); // by control: a function that shows an index
    root.classList.add("live-panel");
    root.setAttribute("role", "group");
    root.setAttribute("aria-label", this.model.get("title"));
    // Keys pressed on a control are for the control, not for the notebook's shortcuts.
    root.dataset.lmSuppressShortcuts = "true";
    root.addEventListener("keydown", (event) => event.stopPropagation());

    this.controls = add(root, "div", "live-controls");
    for (const control of this.model.get("controls")) this.addControl(control);
    this.buttons = add(root, "div", "live-buttons");
    const paper = add(root, "div", "live-paper");
    this.canvas = add(paper, "canvas", "live-picture");
    this.canvas.setAttribute("role", "img");
    this.text = add(root, "p", "live-text");
    this.text.setAttribute("role", "status");
    // A panel that trains keeps the place free where it says so, and nothing jumps.
    this.quiet = !book.turner && this.model.get("buttons").length === 0;
    this.doing = add(root, "div", "live-doing");
    this.bar = add(this.doing, "progress");
    this.bar.setAttribute("aria-label", "progress of the training");
    this.status = add(this.doing, "span");
    this.error = add(root, "div", "live-error");
    this.error.setAttribute("role", "alert");

    this.listeners = [
      ["change:indices", () => this.follow()],
      ["change:status change:progress", () => this.showDoing()],
      ["change:error", () => this.showError()],
      ["change:buttons", () => this.showButtons()],
    ];
    for (const [event, listener] of this.listeners) this.model.on(event, listener);
    book.views.add(this);
    this.keepFocus(root);
    this.follow();
    this.showDoing();
    this.showError();
    this.showButtons();
  }

  addControl(control) {
    const make = control.kind === "choice" ? addChoice : addSlider;
    const pick = (index) => this.book.choose(control.name, index);
    this.inputs.set(control.name, make(this.controls, control, pick, this));
  }

  /**
   * When a cell's training ends, JupyterLab draws the output anew. Whoever had just put the keyboard
   * on a control keeps it there.
   */
  keepFocus(root) {
    const { book } = this;
    if (book.focus) {
      requestAnimationFrame(() => {
        const lost = !document.activeElement?.closest(".live-panel, .cm-content");
        if (lost) root.querySelector(`[data-key="${CSS.escape(book.focus)}"]`)?.focus();
      });
    }
    root.addEventListener("focusin", (event) => {
      book.focus = event.target.dataset.key;
    });
    root.addEventListener("focusout", () => {
      setTimeout(() => {
        if (root.isConnected && !root.contains(document.activeElement)) book.focus = undefined;
      });
    });
  }

  /** Show the indices as they are: sliders, readouts, and the page. */
  follow() {
    const indices = this.model.get("indices");
    for (const [name, show] of this.inputs) show(indices[name]);
    this.paint();
  }

  paint() {
    const { book, canvas } = this;
    const bitmap = book.bitmaps[book.page];
    // A page that is not drawn yet leaves the one before it on show, faded.
    canvas.classList.toggle("live-old", !bitmap && this.painted !== undefined);
    if (!bitmap || bitmap === this.painted) return;
    if (canvas.width !== bitmap.width || canvas.height !== bitmap.height) {
      canvas.width = bitmap.width;
      canvas.height = bitmap.height;
      canvas.style.maxWidth = `${bitmap.width}px`;
      // On a phone a wide picture keeps a readable size, and is moved sideways.
      canvas.style.minWidth = `min(${bitmap.width}px, 560px, 170vw)`;
    }
    canvas.getContext("2d").drawImage(bitmap, 0, 0);
    this.painted = bitmap;
    const text = book.texts[book.page];
    if (this.text.textContent !== text) {
      this.text.textContent = text;
      canvas.setAttribute("aria-label", text);
    }
  }

  showDoing() {
    const progress = this.model.get("progress");
    this.doing.hidden = this.quiet && !this.model.get("status");
    this.bar.hidden = progress < 0;
    this.bar.value = Math.max(progress, 0);
    this.status.textContent = this.model.get("frozen")
      ? "A picture of the panel. Run its cell to move the sliders."
      : this.model.get("status");
  }

  showError() {
    const error = this.model.get("error");
    this.error.hidden = !error;
    this.error.replaceChildren();
    if (!error) return;
    add(this.error, "strong").textContent = error;
    const details = add(this.error, "details");
    add(details, "summary").textContent = "where it happened";
    add(details, "pre").textContent = this.model.get("trace");
  }

  showButtons() {
    const specs = this.model.get("buttons");
    this.buttons.hidden = specs.length === 0;
    while (this.buttons.children.length < specs.length) {
      const button = add(this.buttons, "button");
      button.type = "button";
      button.disabled = this.model.get("frozen");
      button.addEventListener("click", () => {
        this.model.send({ type: "press", name: button.dataset.name });
      });
    }
    specs.forEach((spec, i) => {
      const button = this.buttons.children[i];
      button.dataset.name = spec.name;
      button.dataset.key = `button/${spec.name}`;
      button.textContent = spec.label;
      button.classList.toggle("live-pressed", spec.pressed);
    });
  }

  remove() {
    clearInterval(this.timer);
    for (const [event, listener] of this.listeners) this.model.off(event, listener);
    this.book.views.delete(this);
    // A stream that nobody watches should rest; a view that only moves comes back at once.
    setTimeout(() => {
      const watched = [...this.book.views].some((view) => view.root.isConnected);
      if (!watched) this.model.send({ type: "press", name: "hidden" });
    }, 1000);
  }
}

/** A slider with its label, its readout, and, if it turns pages, a button that plays them. */
function addSlider(parent, control, pick, view) {
  const row = add(parent, "div", "live-slider");
  const label = add(row, "label");
  label.textContent = control.label;
  const input = add(row, "input");
  input.type = "range";
  input.min = 0;
  input.max = control.labels.length - 1;
  input.step = 1;
  input.id = label.htmlFor = `live-${Math.random().toString(36).slice(2)}`;
  input.disabled = view.model.get("frozen");
  input.dataset.key = control.name;
  const readout = add(row, "output");
  readout.style.minWidth = `${Math.max(...control.labels.map((l) => l.length))}ch`;
  input.addEventListener("input", () => {
    stop();
    pick(Number(input.value));
  });
  const stop = control.pages ? addPlay(row, control, input, pick, view) : () => {};
  return (index) => {
    input.value = index;
    readout.textContent = control.labels[index];
    input.setAttribute("aria-valuetext", `${control.label} = ${control.labels[index]}`);
    input.style.setProperty("--done", index / Math.max(control.labels.length - 1, 1));
  };
}

function addPlay(row, control, input, pick, view) {
  const button = add(row, "button", "live-play");
  button.type = "button";
  button.disabled = input.disabled;
  const show = (playing) => {
    button.textContent = playing ? "❚❚" : "▶";
    button.setAttribute("aria-label", playing ? "stop" : `play through ${control.label}`);
  };
  const stop = () => {
    clearInterval(view.timer);
    view.timer = undefined;
    show(false);
  };
  button.addEventListener("click", () => {
    if (view.timer) return stop();
    show(true);
    view.timer = setInterval(() => {
      pick((view.book.page + 1) % control.labels.length);
    }, 600);
  });
  show(false);
  return stop;
}

/** Options side by side, of which one is chosen; arrow keys go through them. */
function addChoice(parent, control, pick, view) {
  const group = add(parent, "fieldset", "live-choice");
  add(group, "legend").textContent = control.label;
  const name = `live-${Math.random().toString(36).slice(2)}`;
  const options = add(group, "div");
  const radios = control.labels.map((text, index) => {
    const label = add(options, "label");
    const radio = add(label, "input");
    radio.type = "radio";
    radio.name = name;
    radio.dataset.key = `${control.name}/${index}`;
    radio.disabled = view.model.get("frozen");
    radio.addEventListener("change", () => pick(index));
    add(label, "span").textContent = text;
    return radio;
  });
  return (index) => {
    radios[index].checked = true;
  };
}

function add(parent, tag, className) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  parent.append(element);
  return element;
}

// JupyterLab keeps a widget in a saved notebook only if a setting says so; without it, a notebook
// that is opened again shows "model not found" where the panel was. So the panel itself keeps a copy
// in the notebook, of the page on show alone. Where there is no such notebook, nothing happens.
function keepSoon(book) {
  clearTimeout(book.keeping);
  if (!book.model.get("frozen")) book.keeping = setTimeout(() => keep(book), 1000);
}

async function keep(book) {
  try {
    const { model } = book;
    const manager = model.widget_manager;
    const notebook = manager?.context?.model;
    const bitmap = book.bitmaps[book.page];
    if (!notebook?.setMetadata || !bitmap) return;
    const { state } = await manager.get_state({ drop_defaults: true });
    const uid = model.get("uid");
    const copy = structuredClone(state[uid]);
    const layout = copy.state.layout?.replace("IPY_MODEL_", "");
    const pages = new Array(model.get("pages").length).fill(null);
    pages[book.page] = { text: book.texts[book.page] };
    Object.assign(copy.state, { pages, newest: {}, frozen: true, status: "", progress: -1 });
    copy.buffers = [{ encoding: "base64", path: ["pages", book.page, "png"], data: base64(bitmap) }];
    const mime = "application/vnd.jupyter.widget-state+json";
    const kept = notebook.getMetadata("widgets")?.[mime]?.state ?? {};
    // Copies of panels whose cells have been run again are of no use any more.
    const alive = Object.entries(kept).filter(([id]) => id in state);
    const next = { ...Object.fromEntries(alive), [uid]: copy };
    if (layout && state[layout]) next[layout] = state[layout];
    notebook.setMetadata("widgets", {
      [mime]: { version_major: 2, version_minor: 0, state: next },
    });
  } catch (error) {
    console.debug("live panel: no copy was kept in the notebook", error);
  }
}

/** The picture as WebP where the browser writes it (a third of the size), else as PNG. */
function base64(bitmap) {
  const canvas = document.createElement("canvas");
  canvas.width = bitmap.width;
  canvas.height = bitmap.height;
  canvas.getContext("2d").drawImage(bitmap, 0, 0);
  return canvas.toDataURL("image/webp", 0.9).split(",")[1];
}

export default () => {
  let book;
  return {
    initialize({ model }) {
      book = new Book(model);
    },
    render({ el }) {
      const view = new PanelView(book, el);
      return () => view.remove();
    },
  };
};
