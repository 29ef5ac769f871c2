// @ts-check
// The pages of one panel, shared by all its views. A page is a picture with a line of text. Pictures
// are decoded as soon as they arrive, so turning a page is one drawImage and never shows a blank.

import { Ahead } from "./ahead.js";
import { base64, decode } from "./bitmaps.js";
import { keepCopy } from "./keep.js";
import { whenKernelStops } from "./kernel.js";

/** @import { Indices, Model, Page, PanelState, WidgetState } from "./types.d.ts" */

/**
 * The part of a view that a book uses.
 * @typedef {{ root: HTMLElement, paint(): void, follow(): void, showState(): void }} BookView
 */

export const KEEP_AFTER_MS = 1000;
export const HEARD_WITHIN_MS = 400; // an idle kernel answers sooner

export class Book {
  /** @param {Model<PanelState>} model */
  constructor(model) {
    this.model = model;
    /** @type {(ImageBitmap | null)[]} */
    this.bitmaps = [];
    /** @type {string[]} */
    this.texts = [];
    /** @type {(Indices | undefined)[]} the settings that each page was drawn for */
    this.answers = [];
    this.longest = ""; // of all texts so far; the view reserves the space that it needs
    this.run = 0;
    this.count = 0; // of arrivals, so that an older picture never replaces a newer one
    /** @type {number[]} */
    this.arrival = [];
    this.ahead = new Ahead(model);
    this.settled = 0; // the count of requests that the page on show, drawn ahead, answers
    /** @type {Set<BookView>} */
    this.views = new Set();
    /** @type {string | undefined} the control that has the keyboard */
    this.focus = undefined;
    this.stopped = false; // whether the kernel has stopped
    this.unheard = false; // whether the kernel has not received a change for a while
    model.on("change:pages", () => this.takeAll());
    model.on("change:newest", () => this.takeNewest());
    model.on("change:heard", () => this.hear());
    if (!model.get("frozen")) whenKernelStops(model, () => this.stop());
    this.takeAll();
    this.takeNewest();
  }

  /** Take the page pushed last. The first page of a new run makes those of the old one obsolete. */
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
    this.take(pages.flatMap((page, index) => (page ? [[index, page]] : [])));
  }

  /** @param {[number, Page][]} pages */
  async take(pages) {
    const arrived = ++this.count;
    const bitmaps = await Promise.all(pages.map(([, page]) => decode(page.png)));
    pages.forEach(([index, page], i) => {
      if (arrived < (this.arrival[index] ?? 0) || this.isLate(page)) return;
      this.arrival[index] = arrived;
      this.bitmaps[index] = bitmaps[i];
      this.texts[index] = page.text;
      this.answers[index] = page.indices;
      if (page.text.length > this.longest.length) this.longest = page.text;
    });
    for (const view of this.views) view.paint();
    this.keepSoon();
  }

  /** Show the page of the present settings, if it has been drawn ahead. */
  showAhead() {
    const indices = this.model.get("indices");
    const found = this.ahead.find(indices);
    if (!found) return;
    this.arrival[0] = ++this.count;
    this.bitmaps[0] = found.bitmap;
    this.texts[0] = found.text;
    this.answers[0] = indices;
    if (found.text.length > this.longest.length) this.longest = found.text;
    this.settled = this.model.get("asked");
    this.keepSoon();
  }

  /**
   * Whether a page answers an earlier request than the one on show, which was drawn ahead.
   *
   * @param {Page} page
   */
  isLate({ asked, indices }) {
    return asked !== undefined && asked < this.settled && !this.fits(indices);
  }

  /** The slider that turns pages, if there is one. */
  get turner() {
    return this.model.get("controls").find((control) => control.pages);
  }

  get page() {
    const turner = this.turner;
    return turner ? this.model.get("indices")[turner.name] : 0;
  }

  /** Whether the page on show has arrived and was drawn for the present indices. */
  get answered() {
    const { page } = this;
    const answers = this.answers[page];
    if (!this.bitmaps[page]) return false;
    return this.model.get("frozen") || this.fits(answers);
  }

  /** @param {Indices | undefined} answers the settings of a page; if unknown, it fits any */
  fits(answers) {
    if (!answers) return true;
    return Object.entries(this.model.get("indices")).every(
      ([name, index]) => name === this.turner?.name || answers[name] === index,
    );
  }

  /**
   * Set a control. Once the kernel has stopped, only pages can be turned.
   *
   * @param {string} name
   * @param {number} index
   */
  choose(name, index) {
    const turns = name === this.turner?.name;
    if (this.stopped && !turns) return;
    this.model.set("indices", { ...this.model.get("indices"), [name]: index });
    if (turns) this.keepSoon();
    else {
      this.ask();
      this.showAhead();
    }
    for (const view of this.views) view.follow();
    if (!this.stopped) this.model.save_changes();
  }

  /** @param {string} name of a button, or "hidden" */
  press(name) {
    if (this.stopped || this.model.get("frozen")) return;
    if (name !== "hidden") {
      this.ask();
      this.model.save_changes();
    }
    this.model.send({ type: "press", name });
  }

  /**
   * Count a request. A kernel that is running a cell receives it only when the cell has ended, so
   * after a while the views show that they are waiting.
   */
  ask() {
    this.model.set("asked", this.model.get("asked") + 1);
    if (this.listening !== undefined) return;
    this.listening = setTimeout(() => {
      this.unheard = true;
      for (const view of this.views) view.showState();
    }, HEARD_WITHIN_MS);
  }

  hear() {
    if (this.model.get("heard") < this.model.get("asked")) return;
    clearTimeout(this.listening);
    this.listening = undefined;
    this.unheard = false;
    for (const view of this.views) view.showState();
  }

  stop() {
    if (this.stopped) return;
    this.stopped = true;
    for (const view of this.views) view.showState();
  }

  keepSoon() {
    clearTimeout(this.keeping);
    if (this.model.get("frozen")) return;
    this.keeping = setTimeout(() => this.keep(), KEEP_AFTER_MS);
  }

  /** Keep a copy of the panel in the notebook, with no page but the one on show. */
  keep() {
    const bitmap = this.bitmaps[this.page];
    if (!bitmap) return;
    keepCopy(this.model, (/** @type {WidgetState} */ copy) => {
      const pages = new Array(this.model.get("pages").length).fill(null);
      pages[this.page] = { text: this.texts[this.page] };
      Object.assign(copy.state, { pages, newest: {}, status: "", progress: -1 });
      copy.buffers = [{
        encoding: "base64",
        path: ["pages", this.page, "png"],
        data: base64(bitmap),
      }];
    });
  }
}
