// Types of what a widget's kernel half (view.py, predict.py) and browser half send to each other.
// Only the type checker reads this file.

/** A control of a panel, as `Control.spec` in controls.py writes it. */
export interface Control {
  name: string;
  label: string;
  kind: "slider" | "choice";
  labels: string[];
  pages: boolean; // whether it turns the pages
}

/** Where each control stands, by its name. */
export type Indices = Record<string, number>;

/**
 * A picture with its text; `indices` are the settings that it was drawn for, and `asked` is the
 * count of requests when it was begun.
 */
export interface Page {
  png: DataView;
  text: string;
  indices?: Indices;
  asked?: number;
}

/** What the kernel sends of pages drawn ahead, with the picture beside it. */
export type Message =
  | { type: "ahead"; indices: Indices; text: string }
  | { type: "forget"; kept: Indices[] };

export interface Button {
  name: string;
  label: string;
  pressed: boolean;
}

/** The traits of `View` in view.py. */
export interface PanelState {
  title: string;
  controls: Control[];
  indices: Indices;
  pages: (Page | null)[];
  newest: (Page & { run: number; index: number }) | { png?: undefined };
  buttons: Button[];
  status: string;
  progress: number;
  asked: number;
  heard: number;
  ahead: boolean; // whether pages may be drawn ahead
  error: string;
  trace: string;
  frozen: boolean;
  uid: string;
}

/** The traits of `Question` in predict.py. */
export interface QuestionState {
  question: string;
  options: string[];
  chosen: number;
  drawn: boolean;
  frozen: boolean;
  uid: string;
}

/** What a widget needs in order to be kept in a notebook. */
export interface Kept {
  frozen: boolean;
  uid: string;
}

/** A widget's model, as anywidget hands it over. */
export interface Model<State> {
  get<Name extends keyof State>(name: Name): State[Name];
  set<Name extends keyof State>(name: Name, value: State[Name]): void;
  save_changes(): void;
  send(content: unknown): void;
  on(events: string, listener: () => void): void;
  on(event: "msg:custom", listener: (message: Message, buffers: DataView[]) => void): void;
  off(events: string, listener: () => void): void;
  widget_manager?: Manager;
}

interface Signal<Value> {
  connect(listener: (sender: unknown, value: Value) => void): unknown;
}

/** The parts of JupyterLab's widget manager that are used, where a front end has them. */
export interface Manager {
  get_state?(options: { drop_defaults: boolean }): Promise<{ state: Record<string, WidgetState> }>;
  context?: {
    model?: {
      setMetadata?(name: string, value: unknown): void;
      getMetadata(name: string): Record<string, { state: Record<string, WidgetState> }> | undefined;
    };
    sessionContext?: {
      statusChanged: Signal<string>;
      connectionStatusChanged: Signal<string>;
      kernelChanged: Signal<unknown>;
    };
  };
}

/** A widget as a notebook keeps it. */
export interface WidgetState {
  state: Record<string, unknown>;
  buffers?: { encoding: "base64"; path: (string | number)[]; data: string }[];
}
