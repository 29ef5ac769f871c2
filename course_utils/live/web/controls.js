// @ts-check
// The controls of a panel: sliders, one of which may turn the pages, and choices.

import { add, addRadios, freshName } from "./dom.js";

/** @import { Book } from "./book.js" */
/** @import { Control } from "./types.d.ts" */

/**
 * A control on the page.
 * @typedef {object} Shown
 * @property {(index: number) => void} show
 * @property {(enabled: boolean) => void} enable
 * @property {() => void} remove
 */

const PLAY_MS = 600; // between two pages

/**
 * @param {Element} parent
 * @param {Control} control
 * @param {Book} book
 * @returns {Shown}
 */
export function addControl(parent, control, book) {
  return (control.kind === "choice" ? addChoice : addSlider)(parent, control, book);
}

/**
 * A slider with its label, its readout, and, if it turns pages, a button that plays them.
 *
 * @param {Element} parent
 * @param {Control} control
 * @param {Book} book
 * @returns {Shown}
 */
function addSlider(parent, control, book) {
  const { labels, name } = control;
  const row = add(parent, "div", "live-slider");
  const label = add(row, "label");
  label.textContent = control.label;
  const input = add(row, "input");
  input.type = "range";
  input.min = "0";
  input.max = String(labels.length - 1);
  input.step = "1";
  input.id = label.htmlFor = freshName();
  input.dataset.key = name;
  const readout = add(row, "output");
  readout.style.setProperty("--longest", `${Math.max(...labels.map((text) => text.length))}ch`);
  const player = control.pages ? addPlay(row, control, book) : undefined;
  input.addEventListener("input", () => {
    player?.stop();
    book.choose(name, Number(input.value));
  });
  return {
    show(index) {
      input.value = String(index);
      readout.textContent = labels[index];
      input.setAttribute("aria-valuetext", `${control.label} = ${labels[index]}`);
      input.style.setProperty("--done", String(index / Math.max(labels.length - 1, 1)));
    },
    enable(enabled) {
      input.disabled = !enabled;
      if (player) player.button.disabled = !enabled;
    },
    remove() {
      player?.stop();
    },
  };
}

/**
 * A button that turns the pages up to the last one, beginning at the first one if it stands on the
 * last. It waits for pages that are not drawn yet.
 *
 * @param {Element} row
 * @param {Control} control
 * @param {Book} book
 */
function addPlay(row, control, book) {
  const last = control.labels.length - 1;
  const button = add(row, "button", "live-play");
  button.type = "button";
  button.dataset.key = `${control.name}/play`;
  /** @type {number | undefined} */
  let timer;
  const show = () => {
    button.textContent = timer ? "\u275a\u275a" : "\u25b6";
    button.setAttribute("aria-label", timer ? "pause" : `play through ${control.label}`);
  };
  const stop = () => {
    clearInterval(timer);
    timer = undefined;
    show();
  };
  const turn = () => {
    const next = book.page + 1;
    if (next > last) return stop();
    if (!book.bitmaps[next]) return;
    book.choose(control.name, next);
    if (next === last) stop();
  };
  button.addEventListener("click", () => {
    if (timer) return stop();
    if (book.page === last) book.choose(control.name, 0);
    timer = setInterval(turn, PLAY_MS);
    show();
  });
  show();
  return { button, stop };
}

/**
 * Options side by side, of which one is chosen.
 *
 * @param {Element} parent
 * @param {Control} control
 * @param {Book} book
 * @returns {Shown}
 */
function addChoice(parent, control, book) {
  const group = add(parent, "fieldset", "live-choice");
  add(group, "legend").textContent = control.label;
  const options = add(group, "div");
  const radios = addRadios(options, control.labels, (index) => book.choose(control.name, index));
  radios.forEach((radio, index) => (radio.dataset.key = `${control.name}/${index}`));
  return {
    show(index) {
      radios[index].checked = true;
    },
    enable(enabled) {
      for (const radio of radios) radio.disabled = !enabled;
    },
    remove() {},
  };
}
