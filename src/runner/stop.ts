// How a study is told to stop: gently at first, at once when asked again. Knows nothing of signals or keys.

/** `none`: go on; `drain`: start no more trials, finish those that run; `now`: put running trials back and end. */
export type StopLevel = "none" | "drain" | "now";

const ORDER: readonly StopLevel[] = ["none", "drain", "now"];

/** A request to stop that only ever gets stronger, and a pause that can be taken back. */
export class StopSignal {
  #level: StopLevel = "none";
  #paused = false;
  readonly #listeners = new Set<() => void>();

  get level(): StopLevel {
    return this.#level;
  }

  /** While true, running trials go on and no more are started. */
  get paused(): boolean {
    return this.#paused;
  }

  request(level: StopLevel): void {
    if (ORDER.indexOf(level) <= ORDER.indexOf(this.#level)) return;
    this.#level = level;
    this.#notify();
  }

  pause(paused: boolean): void {
    if (paused === this.#paused) return;
    this.#paused = paused;
    this.#notify();
  }

  /** Calls `listener` at every change; returns what takes it off again. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #notify(): void {
    for (const listener of [...this.#listeners]) listener();
  }
}
