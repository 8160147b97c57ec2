// A hub model for the commands that read one: in the cache before a worker looks for its folder, with its progress on
// standard error. Ctrl-C stops a download, and the next one goes on with it.
import { fetchModel, type HubEvent } from "../hub/fetch-model.js";
import { hubOptions } from "../hub/options.js";
import { formatBytes } from "../report/format.js";
import { EXTRA_TOKENIZER_FILES } from "../sweep/files.js";
import { type HubModel, hubModelText } from "../sweep/hub-model.js";
import type { Settings } from "../sweep/settings.js";
import { note } from "./output.js";
import { Signals } from "./signals.js";

/** The settings with the model's folder, and with the commit of a hub model. A known commit stays, wherever its branch is. */
export async function withModel(settings: Settings): Promise<Settings> {
  const { hub } = settings;
  if (!hub) return settings;
  const stop = new AbortController();
  const signals = new Signals(() => stop.abort());
  const progress = new Progress(hub);
  try {
    const { folder, commit } = await fetchModel(
      hubOptions(process.env),
      { id: hub.id, revision: hub.commit ?? hub.revision },
      { extras: EXTRA_TOKENIZER_FILES, signal: stop.signal, onEvent: (event) => progress.show(event) },
    );
    return { ...settings, model: folder, hub: { ...hub, commit } };
  } finally {
    progress.end();
    signals.release();
  }
}

/** The model as the user named it: a folder, or the hub's name. */
export function modelText({ model, hub }: Pick<Settings, "model" | "hub">): string {
  return hub ? hubModelText(hub) : model;
}

/** Milliseconds between two drawings of the bar. */
const REDRAW = 100;
const BAR = 30;

/** A bar where standard error is a terminal, else a line for each file. */
class Progress {
  readonly #model: HubModel;
  #drawnAt = 0;
  #begun = false;

  constructor(model: HubModel) {
    this.#model = model;
  }

  show(event: HubEvent): void {
    if (event.type === "unreachable") {
      const cached = hubModelText({ ...this.#model, commit: event.commit });
      note(`warning: the hub cannot be reached (${event.reason}); using ${cached} from the cache`);
      return;
    }
    if (!this.#begun) note(`downloading ${this.#model.id} from the hub`);
    this.#begun = true;
    if (event.type === "progress") this.#draw(event);
    else {
      this.end();
      note(`downloaded ${event.file} (${formatBytes(event.size)})`);
    }
  }

  #draw({ file, received, size }: Extract<HubEvent, { type: "progress" }>): void {
    if (!process.stderr.isTTY || Date.now() - this.#drawnAt < REDRAW) return;
    this.#drawnAt = Date.now();
    // A line that wraps could not be taken away.
    const line = barLine(file, received, size).slice(0, process.stderr.columns - 1);
    process.stderr.write(`\r\u001b[K${line}`);
  }

  /** Takes the bar away. */
  end(): void {
    if (this.#drawnAt > 0) process.stderr.write("\r\u001b[K");
    this.#drawnAt = 0;
  }
}

function barLine(file: string, received: number, size: number): string {
  const filled = Math.floor((BAR * received) / size);
  const bar = "#".repeat(filled) + ".".repeat(BAR - filled);
  return `[${bar}] ${formatBytes(received)} of ${formatBytes(size)}  ${file}`;
}
