import { renderToString } from "ink";
import { describe, expect, test } from "vitest";
import { Dashboard } from "../../../src/dashboard/components/dashboard.js";
import type { Key } from "../../../src/dashboard/keys.js";
import { type DashboardState, initialState, reduce } from "../../../src/dashboard/state.js";
import { createTheme } from "../../../src/dashboard/theme.js";
import type { StudySnapshot } from "../../../src/dashboard/watch.js";
import type { Trial } from "../../../src/sweep/trial.js";
import { complete, diverged, overviewOf, owner, START, snapshot, space, study, trial } from "../fixture.js";

interface FrameOptions {
  readonly size?: readonly [columns: number, rows: number];
  readonly snapshot?: StudySnapshot;
  /** Seconds since the fixture's start. */
  readonly at?: number;
  readonly attached?: boolean;
  readonly ascii?: boolean;
  readonly keys?: readonly Key[];
  readonly change?: (state: DashboardState) => DashboardState;
}

/** The lines of a frame, without colours. */
function frame({
  size: [columns, rows] = [100, 30],
  at = 80,
  keys = [],
  change = (state) => state,
  ...options
}: FrameOptions = {}) {
  const stop = options.attached ? undefined : ({ level: "none", paused: false } as const);
  const start = initialState(options.snapshot ?? snapshot(), START + 1000 * at, { columns, rows }, stop);
  const state = keys.reduce((before, key) => reduce(before, { type: "key", key }).state, change(start));
  const theme = createTheme(options.ascii ?? false, { NO_COLOR: "1" });
  return renderToString(<Dashboard state={state} theme={theme} />, { columns }).split("\n");
}

const many = (count: number) =>
  Array.from({ length: count }, (_, index) => trial(index + 1, 1 + index, complete(2 + index)));

describe("at 100 x 30", () => {
  const lines = frame();

  test("the header gives name, state, counts, workers and times", () => {
    expect(lines[0]).toBe(" reaction-classes · RUNNING  ▶2 ✓3 ⊘1 ✗1 / 120 · 2 workers · 1m20s · ~40m00s left");
  });

  test("the best line gives the configuration, its value, and the single rate's", () => {
    expect(lines[1]).toBe(" BEST #47 ratio 8.2x base 2.0e-4 warmup 3%  loss 2.143 · at ratio 1x: 2.204 (#3)");
  });

  test("the table ranks the trials with glyph, word and live values", () => {
    expect(lines.slice(2, 12).map((line) => line.trimEnd())).toEqual([
      `─[1] Trials, by validation loss ${"─".repeat(57)} 1-8 of 8 ─`,
      "      #  st                 ratio     base     wu       loss     step",
      " ▸   47  ✓   done            8.2x   2.0e-4     3%      2.143      300",
      "     88  ▶   running         7.5x   2.0e-4     3%      2.190…     200",
      "      3  ✓   done              1x   2.0e-4     3%      2.204     1800",
      "     50  ✓   done            0.1x   2.0e-4     3%      2.900     1800",
      "     89  ▶   running          30x   2.0e-4     3%           -       -",
      "     77  ⊘   pruned           60x   2.0e-4     3%      2.880      300",
      "     19  ✗   diverged       1000x   2.0e-4     3%           -     300",
      "     90  ·   queued           31x   2.0e-4     3%           -       -",
    ]);
  });

  test("the last line has the keys", () => {
    expect(lines.at(-1)).toBe(" ? help  ↑↓ move  ⏎ open  / filter  s sort  p pause  x stop  q quit");
  });
});

describe.each([
  [100, 30],
  [80, 24],
  [60, 20],
  [40, 10],
] as const)("a frame at %d x %d", (columns, rows) => {
  const views: readonly (readonly Key[])[] = [[], ["enter"], [{ char: "?" }], [{ char: "q" }], [{ char: "/" }]];

  test.each(views.map((keys) => ({ keys })))(
    "is one row lower than the terminal and nowhere wider ($keys)",
    ({ keys }) => {
      const lines = frame({ size: [columns, rows], keys, snapshot: snapshot({ trials: many(200) }) });
      expect(lines).toHaveLength(rows - 1);
      expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(columns);
    },
  );

  test("keeps the best ratio, the failures and the help key", () => {
    const text = frame({ size: [columns, rows] }).join("\n");
    expect(text).toContain("BEST");
    expect(text).toMatch(/ratio 8\.2x/);
    expect(text).toContain("✗1");
    expect(text).toContain("? help");
  });

  test("keeps ratio and value in the table", () => {
    const row = frame({ size: [columns, rows] }).find((line) => line.includes(" 47 "));
    expect(row).toMatch(/✓.* 8\.2x .*2\.143/);
  });
});

test("a terminal below 40 x 10 gets one line with counts, best ratio and help key", () => {
  expect(frame({ size: [38, 8] })).toEqual(["▶2 ✓3 ⊘1 ✗1 / 120 best 8.2x ? help"]);
  expect(frame({ size: [120, 9] })).toEqual(["RUNNING ▶2 ✓3 ⊘1 ✗1 / 120 best 8.2x 2.143 ? help"]);
  expect(frame({ size: [38, 8], keys: [{ char: "q" }] })).toEqual([" Quit: d detach  s stop  c cancel"]);
});

describe("with 1,000 trials", () => {
  const thousand = snapshot({ trials: many(1000) });
  const shown = (lines: readonly string[]) => lines.filter((line) => line.includes("✓   done")).length;

  test("only the rows that can be seen are drawn", () => {
    expect(shown(frame({ snapshot: thousand }))).toBe(24);
    expect(shown(frame({ snapshot: thousand, size: [80, 24] }))).toBe(18);
  });

  test("the selection is among them", () => {
    const lines = frame({ snapshot: thousand, keys: ["end"] });
    expect(lines.at(-2)).toMatch(/^ ▸ 1000 /);
    expect(lines[2]).toContain("977-1000 of 1000");
  });
});

describe("columns", () => {
  test("other searched parameters join where the width allows", () => {
    const wide = study({
      space: space({ lr_ratio: [1, 8], base_lr: [1e-4], weight_decay: [0, 0.1], introduced_warmup_ratio: [0, 0.3] }),
    });
    const trials = [trial(1, 8, complete(2), { weight_decay: 0.1, introduced_warmup_ratio: 0.3 })];
    const held = snapshot({ overview: overviewOf(wide, trials, owner), trials, measurements: new Map() });
    expect(frame({ snapshot: held })[3]).toMatch(/ratio +base +weight_decay +iwu +loss/);
    expect(frame({ snapshot: held })[4]).toMatch(/8x +2\.0e-4 +0\.1 +30%/);
    expect(frame({ snapshot: held, size: [60, 20] })[3]).not.toContain("weight_decay");
  });

  test("the metric that ranks names its column", () => {
    const record = study({ metric: { name: "loss_introduced", goal: "minimize" } });
    const lines = frame({ snapshot: snapshot({ overview: overviewOf(record, [], owner) }) });
    expect(lines[2]).toContain("by validation loss on introduced tokens");
    expect(lines[3]).toContain("intro loss");
  });
});

describe("states of the study", () => {
  const { overview } = snapshot();

  test("one that nobody runs says so, and how to resume", () => {
    const lines = frame({ snapshot: snapshot({ overview: { ...overview, owner: undefined } }), attached: true });
    expect(lines[0]).toContain("NOT RUNNING");
    expect(lines[2]).toContain("resume: dualrate run /sweeps/rxn.yaml");
  });

  test("a stop shows what it waits for", () => {
    const lines = frame({ change: (state) => ({ ...state, stop: { level: "drain", paused: false } }) });
    expect(lines[0]).toContain("STOPPING");
    expect(lines[2]).toBe(" finishing 2 running trials; Ctrl-C again stops now");
  });

  test("an owner without a heartbeat is told of", () => {
    expect(frame({ at: 95 })[2]).toContain("no heartbeat for 1m35s");
  });

  test("an attached view says that it is read-only, and offers no keys to stop", () => {
    const last = frame({ attached: true, size: [80, 24] }).at(-1);
    expect(last).toContain("(read-only)");
    expect(last).not.toMatch(/pause|stop/);
  });

  test("without a complete trial no best ratio is invented", () => {
    expect(frame({ snapshot: snapshot({ trials: [] }) })[1]).toBe(" BEST none yet: no trial is complete");
  });
});

describe("details", () => {
  test("name the command that retries a failed trial, unless it diverged", () => {
    const failure = { kind: "timeout", message: "it took too long" } as const;
    const timedOut = trial(5, 1, { state: "failed", startedAt: START, endedAt: START + 1000, failure });
    const detailsOf = (only: Trial) => frame({ keys: ["enter"], snapshot: snapshot({ trials: [only] }) }).join("\n");
    expect(detailsOf(timedOut)).toContain("timeout: it took too long");
    expect(detailsOf(timedOut)).toContain("retry: dualrate run /sweeps/rxn.yaml --retry-failed");
    expect(detailsOf(trial(6, 1, diverged(3)))).not.toContain("retry:");
  });

  test("of a complete trial: rank, rates, parameters and measurements", () => {
    const text = frame({ keys: ["enter"] }).join("\n");
    expect(text).toContain("[1] Trial #47");
    expect(text).toContain("✓ done, rank 1 of 3, 2.143 at step 1800, 1m00s");
    expect(text).toContain("rates: base 2.0e-4, introduced 1.64e-3, ratio 8.2x");
    expect(text).toMatch(/300 +2\.243 +2\.143/);
  });

  test("show a language model's perplexity where there is room, and the F1 of a task that classifies", () => {
    const { trials, overview } = snapshot();
    const settings = { ...study().sweep.settings, task: "token-classification" } as const;
    const tagging = snapshot({ overview: { ...overview, study: study({ settings }) }, trials });
    const wide = (changes: FrameOptions) => frame({ size: [140, 30], keys: ["enter"], ...changes }).join("\n");
    expect(wide({})).toMatch(/intro upd +perplexity/);
    expect(wide({})).toMatch(new RegExp(`300 +2\\.243 .* ${Math.exp(2.143).toPrecision(4)} *$`, "m"));
    expect(wide({})).not.toMatch(/accuracy +F1/);
    expect(wide({ snapshot: tagging })).toMatch(/accuracy +F1 +base lr/);
    expect(wide({ snapshot: tagging })).not.toContain("perplexity");
  });

  test("of a failed trial: the reason", () => {
    const keys: Key[] = [..."/#19"].map((char) => ({ char }));
    const text = frame({ keys: [...keys, "enter", "enter"] }).join("\n");
    expect(text).toContain("diverged at step 300: the loss became NaN");
  });
});

test("ascii draws nothing else", () => {
  for (const keys of [[], ["enter"], [{ char: "?" }], [{ char: "q" }]] as const) {
    const text = frame({ ascii: true, keys, size: [80, 24] }).join("\n");
    // biome-ignore lint/suspicious/noControlCharactersInRegex: all of ASCII, newlines included
    expect(text).toMatch(/^[\x00-\x7F]*$/);
  }
});
