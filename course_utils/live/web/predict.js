// @ts-check
// A question with radio buttons (see predict.py). The guess is sent to the kernel, and a copy of the
// question with the guess is kept in the notebook, so that both are there when it is opened again.

import { add, addRadios, keepKeys } from "./dom.js";
import { keepCopy } from "./keep.js";
import { STOPPED, whenKernelStops } from "./kernel.js";

/** @import { Model, QuestionState } from "./types.d.ts" */

const KEEP_AFTER_MS = 1000;

export default () => {
  let stopped = false;
  /** @type {Set<() => void>} of the views */
  const listeners = new Set();
  return {
    /** @param {{ model: Model<QuestionState> }} given */
    initialize({ model }) {
      if (model.get("frozen")) return;
      setTimeout(() => keepCopy(model), KEEP_AFTER_MS);
      whenKernelStops(model, () => {
        stopped = true;
        for (const follow of listeners) follow();
      });
    },
    /** @param {{ model: Model<QuestionState>, el: HTMLElement }} given */
    render({ model, el }) {
      el.classList.add("predict");
      keepKeys(el);
      const field = add(el, "fieldset");
      const legend = add(field, "legend");
      add(legend, "strong").textContent = "Predict. ";
      legend.append(model.get("question"));
      const radios = addRadios(field, model.get("options"), (index) => {
        model.set("chosen", index);
        model.save_changes();
        keepCopy(model);
      });
      const note = add(el, "p");
      note.setAttribute("role", "status");
      const follow = () => {
        const chosen = model.get("chosen");
        radios.forEach((radio, index) => {
          radio.checked = index === chosen;
          radio.disabled = stopped || model.get("frozen");
        });
        if (model.get("frozen")) note.textContent = "Run this cell to choose again.";
        else if (stopped) note.textContent = STOPPED;
        else if (chosen < 0) note.textContent = "Choose before you read on.";
        else note.textContent = "Saved. Click the next cell and run it.";
      };
      model.on("change:chosen", follow);
      listeners.add(follow);
      follow();
      if (!model.get("frozen") && !model.get("drawn")) {
        model.set("drawn", true);
        model.save_changes();
      }
      return () => {
        model.off("change:chosen", follow);
        listeners.delete(follow);
      };
    },
  };
};
