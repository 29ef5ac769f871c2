// @ts-check
// What makes a page answer: its panels begin when they come into sight, its questions keep a guess
// for as long as the page is open, its search looks through the words of all pages.

import { PictureModel, StillModel } from "./pictures.js";
import { find } from "./search.js";

/** @import { Drawn, Question, Section } from "./types.d.ts" */

const AHEAD = "400px"; // of the window: a panel begins before it is seen

/**
 * Let one of the course's widgets draw a model into an element.
 *
 * @param {any} widget
 * @param {StillModel} model
 * @param {HTMLElement} el
 */
async function begin(widget, model, el) {
  const made = widget();
  await made.initialize({ model });
  const place = document.createElement("div");
  await made.render({ model, el: place });
  el.replaceChildren(place);
}

const waiting = /** @type {Map<string, HTMLElement>} */ (new Map());

/**
 * Called by a panel's own file, which is fetched when the panel comes into sight.
 *
 * @param {string} name
 * @param {Drawn} drawn
 */
globalThis.coursePanel = (name, drawn) => {
  const el = waiting.get(name);
  if (el) begin(globalThis.courseWidgets.panel, new PictureModel(drawn), el);
};

function startPanels() {
  const watch = new IntersectionObserver((entries) => {
    for (const entry of entries) {
      if (!entry.isIntersecting || !(entry.target instanceof HTMLElement)) continue;
      watch.unobserve(entry.target);
      const name = entry.target.dataset.panel ?? "";
      waiting.set(name, entry.target);
      const script = document.createElement("script");
      script.src = `panels/${name}.js`;
      document.head.append(script);
    }
  }, { rootMargin: AHEAD });
  for (const el of document.querySelectorAll("[data-panel]")) watch.observe(el);
}

/** @param {Record<string, Question>} questions */
function startQuestions(questions) {
  for (const [cell, { question, options }] of Object.entries(questions)) {
    /** @type {HTMLElement | null} */
    const el = document.querySelector(`[data-question="${CSS.escape(cell)}"]`);
    if (!el) continue;
    const model = new StillModel({ question, options, chosen: -1, frozen: false, uid: cell });
    const words = document.querySelector(`[data-of="${CSS.escape(cell)}"] summary`);
    model.on("change:chosen", () => {
      if (!words) return;
      words.textContent = `Your guess: ${options[model.get("chosen")]}. Show what was measured`;
    });
    begin(globalThis.courseWidgets.question, model, el);
  }
}

function startSearch() {
  const field = document.querySelector("#search");
  const list = document.querySelector("#found");
  if (!(field instanceof HTMLInputElement) || !list) return;
  field.addEventListener("input", () => {
    const found = find(globalThis.courseSections ?? [], field.value);
    list.replaceChildren(...found.map(({ page, anchor, title, lesson }) => {
      const item = document.createElement("li");
      const link = document.createElement("a");
      link.href = `${page}.html#${anchor}`;
      link.textContent = title === lesson ? title : `${lesson}: ${title}`;
      item.append(link);
      return item;
    }));
    const none = field.value.trim() && found.length === 0;
    list.toggleAttribute("data-none", Boolean(none));
  });
}

const data = document.querySelector("#questions");
startPanels();
startQuestions(data ? JSON.parse(data.textContent ?? "{}") : {});
startSearch();
