// @ts-check
// JupyterLab saves a widget with its notebook only if a setting says so; otherwise a notebook that
// is opened again shows "model not found" in its place. So the widgets here put a copy of
// themselves into the notebook. In front ends without such a notebook nothing happens.

/** @import { Kept, Model, WidgetState } from "./types.d.ts" */

const MIME = "application/vnd.jupyter.widget-state+json";

/**
 * Keep a copy of a widget, `frozen`, in the notebook that shows it.
 *
 * @template {Kept} State
 * @param {Model<State>} model
 * @param {(copy: WidgetState) => void} [change] changes the copied state before it is saved
 */
export async function keepCopy(model, change = () => {}) {
  try {
    const manager = model.widget_manager;
    const notebook = manager?.context?.model;
    if (!manager?.get_state || !notebook?.setMetadata) return;
    const { state } = await manager.get_state({ drop_defaults: true });
    const uid = model.get("uid");
    const copy = structuredClone(state[uid]);
    copy.state.frozen = true;
    change(copy);
    const kept = notebook.getMetadata("widgets")?.[MIME]?.state ?? {};
    // Leave out copies of widgets that no longer exist because their cells have been run again.
    const alive = Object.entries(kept).filter(([id]) => id in state);
    const next = { ...Object.fromEntries(alive), [uid]: copy };
    const layout = String(copy.state.layout ?? "").replace("IPY_MODEL_", "");
    if (layout && state[layout]) next[layout] = state[layout];
    notebook.setMetadata("widgets", {
      [MIME]: { version_major: 2, version_minor: 0, state: next },
    });
  } catch (error) {
    console.debug("live: no copy was kept in the notebook", error);
  }
}
