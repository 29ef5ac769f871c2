// @ts-check
// In the kernel's place: answers a panel's controls from the pictures that were drawn ahead. To the
// panel's script it is the model that JupyterLab would give it.

/** @import { Button, Control, Drawn, Indices, Page, PanelState, State } from "./types.d.ts" */

export const NOT_DRAWN = "Not drawn on this page: a running notebook shows this setting too.";
const FRAME_MS = 100;

/** @param {Indices} indices */
const key = (indices) => JSON.stringify(Object.entries(indices).sort());

/** @param {string} text of base64 */
function bytes(text) {
  return new DataView(Uint8Array.from(atob(text), (c) => c.charCodeAt(0)).buffer);
}

/** The model of one widget, as far as the scripts of the course ask for it. */
export class StillModel {
  /** @param {Record<string, any>} state its traits */
  constructor(state) {
    this.state = state;
    /** @type {[string, () => void][]} */
    this.listeners = [];
  }

  /** @param {string} name */
  get(name) {
    return this.state[name];
  }

  /**
   * @param {string} name
   * @param {unknown} value
   */
  set(name, value) {
    this.state[name] = value;
    for (const [event, listener] of [...this.listeners]) {
      if (event === `change:${name}`) listener();
    }
  }

  /**
   * @param {string} events
   * @param {() => void} listener
   */
  on(events, listener) {
    for (const event of events.split(" ")) this.listeners.push([event, listener]);
  }

  /**
   * @param {string} events
   * @param {() => void} listener
   */
  off(events, listener) {
    const gone = events.split(" ");
    this.listeners = this.listeners.filter(([event, one]) =>
      !(gone.includes(event) && one === listener)
    );
  }

  save_changes() {}

  /** @param {any} _content */
  send(_content) {}
}

/** The model of a panel. */
export class PictureModel extends StillModel {
  /** @param {Drawn} drawn */
  constructor(drawn) {
    const { title, controls, buttons, indices, plays, states } = drawn;
    super({
      title,
      controls,
      buttons,
      indices,
      pages: [],
      newest: {},
      status: "",
      progress: -1,
      asked: 0,
      heard: 0,
      error: "",
      trace: "",
      frozen: false,
      uid: title,
    });
    this.turner = controls.find((control) => control.pages);
    /** @type {Page[]} */
    this.states = states.map(({ png, ...rest }) => ({ ...rest, png: bytes(png) }));
    this.byIndices = new Map(this.states.map((state) => [key(state.indices ?? {}), state]));
    this.frame = plays ? states.length - 1 : -1;
    this.start = indices;
    this.run = 0;
    /** @type {number | undefined} */
    this.timer = undefined;
    this.state.pages = this.pages() ?? [];
  }

  /** The pages for where the controls stand, or nothing if they were not drawn. */
  pages() {
    const { indices } = this.state;
    if (this.frame >= 0) return key(indices) === key(this.start) ? [this.states[this.frame]] : null;
    const { turner } = this;
    const places = turner
      ? turner.labels.map((_, i) => ({ ...indices, [turner.name]: i }))
      : [indices];
    const found = places.map((place) => this.byIndices.get(key(place)));
    return found.every(Boolean) ? found : null;
  }

  /**
   * What the kernel would do now.
   * @override
   */
  save_changes() {
    this.set("heard", this.state.asked);
    const pages = this.pages();
    this.set("status", pages ? "" : NOT_DRAWN);
    if (pages && pages.some((page, i) => page !== this.state.pages[i])) this.set("pages", pages);
  }

  /**
   * A button was pressed.
   * @override
   * @param {{ name: string }} content
   */
  send({ name }) {
    if (this.frame < 0) return;
    if (name === "play") this.play(this.timer === undefined);
    else this.play(false);
    if (name === "step") this.show(Math.min(this.frame + 1, this.states.length - 1));
    if (name === "reset") this.show(0);
  }

  /** @param {boolean} on */
  play(on) {
    clearInterval(this.timer);
    this.timer = undefined;
    if (on) {
      if (this.frame === this.states.length - 1) this.show(0);
      this.timer = setInterval(() => {
        if (this.frame >= this.states.length - 1) this.play(false);
        else this.show(this.frame + 1);
      }, FRAME_MS);
    }
    const buttons = /** @type {Button[]} */ (this.state.buttons);
    this.set(
      "buttons",
      buttons.map((button) =>
        button.name === "play" ? { ...button, label: on ? "Pause" : "Play", pressed: on } : button
      ),
    );
  }

  /** @param {number} frame */
  show(frame) {
    this.frame = frame;
    this.save_changes();
  }
}
