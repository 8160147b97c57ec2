// One open dashboard in a terminal: polls the store, takes the keys, draws the state, and tells the study to stop.
import { type Instance, render, useInput } from "ink";
import { Component, type ReactNode } from "react";
import type { StopSignal } from "../runner/stop.js";
import { Dashboard } from "./components/dashboard.js";
import type { DashboardEnd, DashboardOptions } from "./index.js";
import { type Key, keysOf } from "./keys.js";
import type { Size } from "./layout.js";
import { openScreen } from "./screen.js";
import { type Command, type DashboardEvent, type DashboardState, initialState, reduce } from "./state.js";
import { createTheme, type Theme } from "./theme.js";
import { StudyWatch } from "./watch.js";

const INK_OPTIONS = {
  exitOnCtrlC: false,
  // Ink 6.8's incremental rendering starts one line too low for a frame that ends in a newline, as all here do.
  incrementalRendering: false,
  maxFps: 10,
};

/** Draws from the moment of its construction until `close`. */
export class Session {
  /** Settles when the dashboard is to be closed. */
  readonly end: Promise<DashboardEnd>;
  readonly #stop: StopSignal | undefined;
  readonly #stdout: NodeJS.WriteStream;
  readonly #theme: Theme;
  readonly #watch: StudyWatch;
  /** Undefined while it draws its first frame. */
  readonly #ink: Instance | undefined;
  readonly #undo: readonly (() => void)[];
  #state: DashboardState;
  #resolve: (end: DashboardEnd) => void = () => {};
  #reject: (error: unknown) => void = () => {};

  constructor({ reader, studyId, results, stop, pollMs = 1000, ...options }: DashboardOptions, over: Promise<void>) {
    const { stdout = process.stdout, stdin = process.stdin, alternateScreen } = options;
    this.end = new Promise((resolve, reject) => {
      [this.#resolve, this.#reject] = [resolve, reject];
    });
    this.#stop = stop;
    this.#stdout = stdout;
    this.#theme = createTheme(options.ascii, process.env);
    this.#watch = new StudyWatch(reader, studyId);
    this.#state = initialState(this.#watch.last, Date.now(), sizeOf(stdout), stop && stopView(stop), results);
    const leaveScreen = openScreen(stdout, alternateScreen, () => this.#ink?.unmount());
    try {
      this.#ink = render(this.#frame(), { ...INK_OPTIONS, stdout, stdin });
    } catch (error) {
      leaveScreen();
      throw error;
    }
    this.#undo = [...this.#listen(pollMs), leaveScreen];
    over.then(() => this.#resolve("done"));
  }

  close(): void {
    for (const undo of this.#undo) undo();
  }

  /** Starts the clock and the listeners; returns what takes each off again. */
  #listen(pollMs: number): (() => void)[] {
    const timer = setInterval(() => this.#poll(), pollMs);
    const resize = () => this.#dispatch({ type: "resized", size: sizeOf(this.#stdout) });
    this.#stdout.on("resize", resize);
    const stop = this.#stop;
    const unsubscribe = stop?.onChange(() => this.#dispatch({ type: "stop-changed", stop: stopView(stop) }));
    return [() => clearInterval(timer), () => this.#stdout.off("resize", resize), () => unsubscribe?.()];
  }

  #poll(): void {
    try {
      this.#dispatch({ type: "polled", snapshot: this.#watch.poll(), now: Date.now() });
    } catch (error) {
      this.#reject(error);
    }
  }

  #dispatch(event: DashboardEvent): void {
    const { state, command } = reduce(this.#state, event);
    this.#state = state;
    this.#ink?.rerender(this.#frame());
    if (command) this.#obey(command);
  }

  #obey(command: Command): void {
    if (command.type === "close") this.#resolve(command.how);
    else if (command.type === "request-stop") this.#stop?.request(command.level);
    else this.#stop?.pause(command.paused);
  }

  #frame() {
    return (
      <Guard onError={this.#reject}>
        <Keyboard onKey={(key) => this.#dispatch({ type: "key", key })} />
        <Dashboard state={this.#state} theme={this.#theme} />
      </Guard>
    );
  }
}

interface GuardProps {
  readonly onError: (error: unknown) => void;
  readonly children: ReactNode;
}

/** Tells of an error in drawing. Ink's own way, `waitUntilExit`, misses one in the first frame. */
class Guard extends Component<GuardProps, { readonly failed: boolean }> {
  override state = { failed: false };

  static getDerivedStateFromError() {
    return { failed: true };
  }

  override componentDidCatch(error: unknown): void {
    this.props.onError(error);
  }

  override render(): ReactNode {
    return this.state.failed ? null : this.props.children;
  }
}

function Keyboard({ onKey }: { readonly onKey: (key: Key) => void }) {
  useInput((input, key) => {
    for (const pressed of keysOf(input, key)) onKey(pressed);
  });
  return null;
}

function stopView({ level, paused }: StopSignal) {
  return { level, paused };
}

function sizeOf({ columns, rows }: NodeJS.WriteStream): Size {
  return { columns: columns || 80, rows: rows || 24 };
}
