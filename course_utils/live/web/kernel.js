// @ts-check
// Notices when the kernel that made a widget has gone. JupyterLab reports this by several signals,
// none of which covers every case; in a front end that reports nothing, the widget stays as it is.

/** @import { Model } from "./types.d.ts" */

export const STOPPED = "The kernel has stopped. Run this cell again.";
const ENDED = ["restarting", "autorestarting", "terminating", "dead"];

/**
 * Call `stopped` when the kernel of a widget has ended, has been restarted or cannot be reached.
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
