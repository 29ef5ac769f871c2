// @ts-check
// The browser's half of a live panel (see view.py). The slider that turns pages never asks the
// kernel, so it answers while the kernel is busy and after it has gone.

import { Book } from "./book.js";
import { addControl } from "./controls.js";
import { add, keepKeys } from "./dom.js";
import { STOPPED } from "./kernel.js";

/** @import { Shown } from "./controls.js" */
/** @import { Model, PanelState } from "./types.d.ts" */

const FROZEN = "A picture of the panel. Run its cell to move the sliders.";
const UNHEARD = "waiting for the kernel, which is busy with a cell";
const FADE_AFTER_MS = 250;
const TALLEST = 600; // pixels: the height of a panel that most screens show as a whole
const AROUND = 150; // pixels of the window's height that JupyterLab's bars take up
const SMALLEST = 0.7; // of a picture's own size: any smaller, and its words cannot be read

/** One panel on the page. */
class PanelView {
  /**
   * @param {Book} book
   * @param {HTMLElement} root
   */
  constructor(book, root) {
    this.book = book;
    this.model = book.model;
    this.root = root;
    /** @type {ImageBitmap | undefined} */
    this.painted = undefined;
    /** @type {number | undefined} */
    this.fading = undefined;
    root.classList.add("live-panel");
    root.setAttribute("role", "group");
    root.setAttribute("aria-label", this.model.get("title"));
    keepKeys(root);

    const head = add(root, "div", "live-controls");
    /** @type {Map<string, Shown>} */
    this.controls = new Map();
    for (const control of this.model.get("controls")) {
      this.controls.set(control.name, addControl(head, control, book));
    }
    this.buttons = add(head, "div", "live-buttons");
    // The status stands beside the controls. Its space is reserved, so that nothing jumps.
    this.doing = add(head, "div", "live-doing");
    this.bar = add(this.doing, "progress");
    this.bar.setAttribute("aria-label", "progress of the training");
    this.status = add(this.doing, "span");
    this.paper = add(root, "div", "live-paper");
    this.canvas = add(this.paper, "canvas", "live-picture");
    this.canvas.setAttribute("role", "img");
    const text = add(root, "div", "live-text");
    this.text = add(text, "p");
    this.text.setAttribute("role", "status");
    this.ghost = add(text, "p", "live-ghost"); // the longest text, invisible, reserves the space
    this.ghost.setAttribute("aria-hidden", "true");
    this.error = add(root, "div", "live-error");
    this.error.setAttribute("role", "alert");

    /** @type {[string, () => void][]} */
    this.listeners = [
      ["change:indices", () => this.follow()],
      ["change:status", () => this.showState()],
      ["change:progress", () => this.showState()],
      ["change:error", () => this.showError()],
      ["change:buttons", () => this.showButtons()],
    ];
    for (const [event, listener] of this.listeners) this.model.on(event, listener);
    this.sizes = new ResizeObserver(() => this.fit());
    this.sizes.observe(root);
    this.fitAgain = () => this.fit();
    addEventListener("resize", this.fitAgain);
    book.views.add(this);
    this.keepFocus();
    book.ahead.watch(root);
    this.follow();
    this.showButtons();
    this.showState();
    this.showError();
  }

  /**
   * Keep the keyboard focus on the control that has it when JupyterLab draws the output anew, as it
   * does when a cell's training ends.
   */
  keepFocus() {
    const { book, root } = this;
    const { focus } = book;
    if (focus) {
      requestAnimationFrame(() => {
        if (document.activeElement?.closest(".live-panel, .cm-content")) return;
        /** @type {HTMLElement | null} */
        const control = root.querySelector(`[data-key="${CSS.escape(focus)}"]`);
        control?.focus();
      });
    }
    root.addEventListener("focusin", (event) => {
      if (event.target instanceof HTMLElement) book.focus = event.target.dataset.key;
    });
    root.addEventListener("focusout", () => {
      setTimeout(() => {
        if (root.isConnected && !root.contains(document.activeElement)) book.focus = undefined;
      });
    });
  }

  /** Show the present indices: sliders, readouts and the page. */
  follow() {
    const indices = this.model.get("indices");
    for (const [name, control] of this.controls) control.show(indices[name]);
    this.paint();
  }

  paint() {
    const { book, canvas } = this;
    const bitmap = book.bitmaps[book.page];
    const isNew = bitmap && bitmap !== this.painted;
    this.fade(isNew && !book.turner);
    if (!isNew) return;
    if (canvas.width !== bitmap.width || canvas.height !== bitmap.height) {
      canvas.width = bitmap.width;
      canvas.height = bitmap.height;
      // On a phone a wide picture keeps a readable size and scrolls sideways.
      canvas.style.minWidth = `min(${bitmap.width * SMALLEST}px, 560px, 170vw)`;
    }
    canvas.getContext("2d")?.drawImage(bitmap, 0, 0);
    this.painted = bitmap;
    const text = book.texts[book.page];
    this.ghost.textContent = book.longest;
    if (this.text.textContent !== text) {
      this.text.textContent = text;
      canvas.setAttribute("aria-label", text);
    }
    this.fit();
  }

  /**
   * Fade the picture on show while the page or setting that was asked for has not been drawn. It
   * fades only after a while, because many answers come at once; and not while pictures arrive
   * during a drag, because each of them is nearly the answer.
   *
   * @param {boolean | null | undefined} nearly whether a picture of a drag has just arrived
   */
  fade(nearly) {
    const old = !this.book.answered && this.painted !== undefined;
    if (!old || nearly) {
      clearTimeout(this.fading);
      this.fading = undefined;
      this.root.classList.remove("live-old");
    }
    if (old) this.fading ??= setTimeout(() => this.root.classList.add("live-old"), FADE_AFTER_MS);
  }

  /** Scale the picture so that the whole panel can be seen at once. */
  fit() {
    const { width, height } = this.canvas;
    if (!this.painted || !this.root.offsetHeight) return;
    const tall = (/** @type {HTMLElement} */ part) => part.getBoundingClientRect().height;
    const rest = tall(this.root) - tall(this.paper);
    const room = Math.min(TALLEST, innerHeight - AROUND) - rest;
    const scale = Math.min(1, Math.max(room / height, SMALLEST));
    const wanted = `${Math.floor(width * scale)}px`;
    if (this.canvas.style.maxWidth !== wanted) this.canvas.style.maxWidth = wanted;
    // A picture that scrolls sideways must be reachable for the arrow keys.
    this.paper.tabIndex = this.paper.scrollWidth > this.paper.clientWidth ? 0 : -1;
  }

  /** Show what the panel is doing, and enable the controls that can be used now. */
  showState() {
    const { book, model } = this;
    const frozen = model.get("frozen");
    const progress = book.stopped || book.unheard ? -1 : model.get("progress");
    const notice = frozen ? FROZEN : book.stopped ? STOPPED : book.unheard ? UNHEARD : undefined;
    this.bar.hidden = progress < 0;
    this.bar.value = Math.max(progress, 0);
    this.status.textContent = this.status.title = notice ?? model.get("status");
    // Screen readers read out only a notice, which stays for a while, and not every epoch.
    if (notice) this.status.setAttribute("role", "status");
    else this.status.removeAttribute("role");
    this.doing.classList.toggle("live-stopped", book.stopped);
    for (const [name, control] of this.controls) {
      control.enable(!frozen && (!book.stopped || name === book.turner?.name));
    }
    for (const button of this.buttons.querySelectorAll("button")) {
      button.disabled = frozen || book.stopped;
    }
  }

  showError() {
    const error = this.model.get("error");
    this.error.hidden = !error;
    this.error.replaceChildren();
    if (!error) return;
    add(this.error, "strong").textContent = error;
    if (!this.model.get("trace")) return;
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
      button.addEventListener("click", () => this.book.press(button.dataset.name ?? ""));
    }
    const buttons = [...this.buttons.querySelectorAll("button")];
    specs.forEach((spec, i) => {
      const button = buttons[i];
      button.dataset.name = spec.name;
      button.dataset.key = `button/${spec.name}`;
      button.textContent = spec.label;
      button.classList.toggle("live-pressed", spec.pressed);
    });
  }

  remove() {
    clearTimeout(this.fading);
    for (const control of this.controls.values()) control.remove();
    for (const [event, listener] of this.listeners) this.model.off(event, listener);
    this.sizes.disconnect();
    removeEventListener("resize", this.fitAgain);
    this.book.views.delete(this);
    // A stream that nobody watches should pause; a view that is only moved is back within a second.
    setTimeout(() => {
      const watched = [...this.book.views].some((view) => view.root.isConnected);
      if (!watched) this.book.press("hidden");
    }, 1000);
  }
}

export default () => {
  /** @type {Book} */
  let book;
  return {
    /** @param {{ model: Model<PanelState> }} given */
    initialize({ model }) {
      book = new Book(model);
    },
    /** @param {{ el: HTMLElement }} given */
    render({ el }) {
      const view = new PanelView(book, el);
      return () => view.remove();
    },
  };
};
