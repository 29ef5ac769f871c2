// A question with radio buttons (see predict.py). The guess goes to the kernel, and a copy of the
// question with its guess is kept in the notebook, so that it is there when the file is opened again.

function render({ model, el }) {
  el.classList.add("predict");
  // Keys pressed on an answer are for it, not for the notebook's shortcuts.
  el.dataset.lmSuppressShortcuts = "true";
  el.addEventListener("keydown", (event) => event.stopPropagation());
  const field = add(el, "fieldset");
  const legend = add(field, "legend");
  add(legend, "strong").textContent = "Predict. ";
  legend.append(model.get("question"));
  const name = `predict-${Math.random().toString(36).slice(2)}`;
  const radios = model.get("options").map((text, index) => {
    const label = add(field, "label");
    const radio = add(label, "input");
    radio.type = "radio";
    radio.name = name;
    radio.disabled = model.get("frozen");
    radio.addEventListener("change", () => {
      model.set("chosen", index);
      model.save_changes();
      keep(model);
    });
    add(label, "span").textContent = text;
    return radio;
  });
  const note = add(el, "p");
  note.setAttribute("role", "status");
  const follow = () => {
    const chosen = model.get("chosen");
    radios.forEach((radio, index) => (radio.checked = index === chosen));
    if (model.get("frozen")) note.textContent = "Run this cell to choose again.";
    else note.textContent = chosen < 0 ? "Choose before you read on." : "Kept. Now run on.";
  };
  model.on("change:chosen", follow);
  follow();
  if (!model.get("frozen")) setTimeout(() => keep(model), 1000);
  return () => model.off("change:chosen", follow);
}

function add(parent, tag) {
  const element = document.createElement(tag);
  parent.append(element);
  return element;
}

// As in view.js: JupyterLab keeps a widget in a saved notebook only if a setting says so. Where
// there is no such notebook, nothing happens.
async function keep(model) {
  try {
    const manager = model.widget_manager;
    const notebook = manager?.context?.model;
    if (!notebook?.setMetadata) return;
    const { state } = await manager.get_state({ drop_defaults: true });
    const uid = model.get("uid");
    const copy = structuredClone(state[uid]);
    copy.state.frozen = true;
    const mime = "application/vnd.jupyter.widget-state+json";
    const kept = notebook.getMetadata("widgets")?.[mime]?.state ?? {};
    const alive = Object.entries(kept).filter(([id]) => id in state);
    const next = { ...Object.fromEntries(alive), [uid]: copy };
    const layout = copy.state.layout?.replace("IPY_MODEL_", "");
    if (layout && state[layout]) next[layout] = state[layout];
    notebook.setMetadata("widgets", {
      [mime]: { version_major: 2, version_minor: 0, state: next },
    });
  } catch (error) {
    console.debug("prediction: no copy was kept in the notebook", error);
  }
}

export default { render };
