// @ts-check
// Pages that the kernel has drawn before anybody asked for them, by the settings that they show.

import { decode } from "./bitmaps.js";

/** @import { Indices, Message, Model, PanelState } from "./types.d.ts" */

/** @typedef {{ bitmap: ImageBitmap, text: string }} Drawn */

export class Ahead {
  /** @param {Model<PanelState>} model */
  constructor(model) {
    this.model = model;
    /** @type {Map<string, Drawn>} */
    this.drawn = new Map();
    /** @type {Map<string, Message>} those that are being decoded; the newest of each settings */
    this.coming = new Map();
    this.near = ""; // the control that the pointer or the keyboard came to last
    model.on("msg:custom", (message, buffers) => this.take(message, buffers));
  }

  /**
   * @param {Message} message
   * @param {DataView[]} buffers
   */
  async take(message, buffers) {
    if (message.type === "forget") {
      const kept = new Set(message.kept.map(keyOf));
      for (const pages of [this.drawn, this.coming]) {
        for (const key of pages.keys()) if (!kept.has(key)) pages.delete(key);
      }
    } else if (message.type === "ahead") {
      const key = keyOf(message.indices);
      this.coming.set(key, message);
      const bitmap = await decode(buffers[0]);
      if (this.coming.get(key) !== message) return;
      this.coming.delete(key);
      this.drawn.set(key, { bitmap, text: message.text });
    }
  }

  /** @param {Indices} indices */
  find(indices) {
    return this.drawn.get(keyOf(indices));
  }

  /**
   * Tell the kernel when the pointer or the keyboard comes to a control of a view: it may draw ahead.
   *
   * @param {HTMLElement} root
   */
  watch(root) {
    if (!this.model.get("ahead") || this.model.get("frozen")) return;
    for (const event of ["focusin", "pointerover"]) {
      root.addEventListener(event, ({ target }) => {
        if (!(target instanceof Element)) return;
        /** @type {HTMLElement | null | undefined} */
        const control = target.closest(".live-slider, .live-choice")?.querySelector("[data-key]");
        this.approach(control?.dataset.key ?? "");
      });
    }
  }

  /** @param {string} key of an element of a control */
  approach(key) {
    const controls = this.model.get("controls");
    const found = controls.find(({ name }) => `${key}/`.startsWith(`${name}/`));
    const held = this.drawn.size + this.coming.size;
    if (!found || (found.name === this.near && held)) return;
    this.near = found.name;
    this.model.send({ type: "near", name: found.name, held });
  }
}

/** @param {Indices} indices */
function keyOf(indices) {
  return JSON.stringify(Object.entries(indices).sort());
}
