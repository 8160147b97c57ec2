// Signals that end a command in order: who listens decides what happens, the first one decides the exit status.

const EXIT_STATUS = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;
export type StopSignalName = keyof typeof EXIT_STATUS;
const NAMES = Object.keys(EXIT_STATUS) as StopSignalName[];

/** Takes the signals' usual effect off until `release`, and passes each to `listener`. */
export class Signals {
  #first: StopSignalName | undefined;
  readonly #handler: (signal: NodeJS.Signals) => void;

  constructor(listener: (signal: StopSignalName) => void) {
    this.#handler = (signal) => {
      this.#first ??= signal as StopSignalName;
      listener(signal as StopSignalName);
    };
    for (const name of NAMES) process.on(name, this.#handler);
  }

  /** The exit status of the first signal that came, as a shell counts it; undefined where none came. */
  get exitStatus(): number | undefined {
    return this.#first && EXIT_STATUS[this.#first];
  }

  release(): void {
    for (const name of NAMES) process.off(name, this.#handler);
  }
}
