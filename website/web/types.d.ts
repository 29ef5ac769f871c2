// What the site's scripts are given, for the type checker alone.

export type {
  Button,
  Control,
  Indices,
  Page,
  PanelState,
} from "../../course_utils/live/web/types.d.ts";

import type { Button, Control, Indices } from "../../course_utils/live/web/types.d.ts";

/** A state of a panel as ahead.py writes it: its picture in base64. */
export interface State {
  indices: Indices;
  png: string;
  text: string;
}

/** A panel as ahead.py writes it. */
export interface Drawn {
  title: string;
  controls: Control[];
  buttons: Button[];
  indices: Indices;
  plays: boolean; // a training with play and pause: its states are frames
  states: State[];
}

export interface Question {
  question: string;
  options: string[];
}

/** A section of a page, for the search. */
export interface Section {
  page: string;
  lesson: string;
  anchor: string;
  title: string;
  text: string;
}

declare global {
  var coursePanel: (name: string, drawn: Drawn) => void;
  var courseWidgets: { panel: () => unknown; question: () => unknown };
  var courseSections: Section[] | undefined;
}
