// @ts-check
// Whether the kernel that made a widget is still there. JupyterLab says so in three ways, of which
// no one tells everything; a front end that says nothing leaves the widget as it is.

/** @import { Model } from "./types.d.ts" */

export const STOPPED = "The kernel has stopped. Run this cell again.";
const ENDED = ["restarting", "autorestarting", "terminating", "dead"];

/**
 * Call `stopped` when the kernel of a widget has ended, was started anew, or cannot be reached.
 *
 * @template State
 * @param {Model<State>} model
 * @param {() => void} stopped
 */
export function whenKernelStops(model, stopped) {
  // The widget's own connection was closed, as on a restart.
  model.on("comm_live_update", stopped);
  const session = model.widget_manager?.context?.sessionContext;
  session?.statusChanged.connect((_, status) => {
    if (ENDED.includes(status)) stopped();
  });
  session?.connectionStatusChanged.connect((_, status) => {
    if (status === "disconnected") stopped();
  });
  session?.kernelChanged.connect(stopped);
}
