import { Console } from "node:console";
import { EventEmitter } from "node:events";
import { Writable } from "node:stream";
import { expect, test, vi } from "vitest";
import { type DashboardOptions, openDashboard } from "../../src/dashboard/index.js";
import { StopSignal } from "../../src/runner/stop.js";
import { complete, FakeReader, snapshot, trial } from "./fixture.js";

// Ink draws nothing live where it believes to be in CI, and looks when it is loaded, which `openDashboard` does.
for (const name of Object.keys(process.env))
  if (/^(CI|CI_.*|CONTINUOUS_INTEGRATION)$/.test(name)) delete process.env[name];

// Ink patches the console by a class that vitest's own console lacks.
Object.assign(console, { Console });

class Terminal extends Writable {
  readonly isTTY = true;
  columns = 100;
  rows = 30;
  text = "";

  override _write(chunk: Buffer, _: string, done: () => void): void {
    this.text += chunk.toString();
    done();
  }
}

class Keyboard extends EventEmitter {
  readonly isTTY = true;
  raw = false;
  #waiting: string[] = [];

  press(keys: string): void {
    this.#waiting.push(keys);
    this.emit("readable");
  }

  read = () => this.#waiting.shift() ?? null;
  setRawMode = (raw: boolean) => {
    this.raw = raw;
  };
  setEncoding = () => {};
  ref = () => {};
  unref = () => {};
}

function open(options: Partial<DashboardOptions> = {}) {
  const [stdout, stdin, reader] = [new Terminal(), new Keyboard(), new FakeReader(snapshot())];
  const streams = { stdout: stdout as unknown as NodeJS.WriteStream, stdin: stdin as unknown as NodeJS.ReadStream };
  const end = openDashboard({
    results: "results",
    reader,
    studyId: 1,
    alternateScreen: true,
    ascii: false,
    pollMs: 10,
    ...streams,
    ...options,
  });
  return {
    stdout,
    stdin,
    reader,
    end,
    drawn: (text: string) => vi.waitFor(() => expect(stdout.text).toContain(text), { timeout: 30_000 }),
  };
}

const LEAVE = "\u001B[?1049l";

test("it closes when the study is over, and restores screen, cursor and keyboard", async () => {
  let finish = () => {};
  const done = new Promise<void>((resolve) => {
    finish = resolve;
  });
  const { stdout, stdin, end, drawn } = open({ stop: new StopSignal(), done });
  await drawn("BEST #47");
  expect(stdin.raw).toBe(true);
  finish();
  expect(await end).toBe("done");
  expect(stdin.raw).toBe(false);
  expect(stdout.text.startsWith("\u001B[?1049h")).toBe(true);
  expect(stdout.text.endsWith(LEAVE)).toBe(true);
});

test("it closes when the study fails, and leaves the error to the one who runs it", async () => {
  const { end } = open({ stop: new StopSignal(), done: Promise.reject(new Error("workers cannot start")) });
  expect(await end).toBe("done");
});

test("changes in the store are drawn", async () => {
  const { stdin, reader, end, drawn } = open();
  await drawn("BEST #47");
  reader.set(snapshot({ trials: [...snapshot().trials, trial(99, 12, complete(1.5))] }));
  await drawn("BEST #99");
  stdin.press("q");
  expect(await end).toBe("quit");
});

test("Ctrl-C asks the study to drain, then to stop, and the dashboard stays until it is over", async () => {
  const stop = new StopSignal();
  const { stdin, end, drawn } = open({
    stop,
    done: new Promise((resolve) => stop.onChange(() => stop.level === "now" && resolve(0))),
  });
  await drawn("BEST #47");
  stdin.press("\u0003");
  await drawn("Ctrl-C again stops now");
  expect(stop.level).toBe("drain");
  stdin.press("\u0003");
  expect(await end).toBe("done");
  expect(stop.level).toBe("now");
});

test("keys that come in one chunk are taken one by one", async () => {
  const stop = new StopSignal();
  const { stdin, end, drawn } = open({ stop });
  await drawn("BEST #47");
  stdin.press("pyqd");
  expect(await end).toBe("detached");
  expect(stop.paused).toBe(true);
});

test("a smaller window is drawn anew, with its rows", async () => {
  const { stdout, stdin, end, drawn } = open();
  await drawn("BEST #47");
  [stdout.columns, stdout.rows] = [38, 8];
  stdout.emit("resize");
  await drawn("best 8.2x ? help");
  stdin.press("q");
  await end;
});

test("a store that cannot be read any more closes it with the error", async () => {
  const { stdout, reader, end, drawn } = open();
  await drawn("BEST #47");
  reader.version = () => {
    throw new Error("disk gone");
  };
  await expect(end).rejects.toThrow("disk gone");
  expect(stdout.text.endsWith(LEAVE)).toBe(true);
});

test("an error in the first frame closes it", async () => {
  const broken = { ...snapshot(), trials: [null] } as unknown as ReturnType<typeof snapshot>;
  const { end, stdout } = open({ reader: new FakeReader(broken) });
  await expect(end).rejects.toThrow();
  expect(stdout.text === "" || stdout.text.endsWith(LEAVE)).toBe(true);
});
