import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { canShowDashboard } from "../../src/dashboard/screen.js";

const tty = { isTTY: true };

describe("a dashboard is shown", () => {
  test("only where both streams are a terminal that can move its cursor, outside of CI", () => {
    expect(canShowDashboard(tty, tty, { TERM: "xterm" })).toBe(true);
    expect(canShowDashboard({}, tty, { TERM: "xterm" })).toBe(false);
    expect(canShowDashboard(tty, {}, { TERM: "xterm" })).toBe(false);
    expect(canShowDashboard(tty, tty, { TERM: "dumb" })).toBe(false);
    expect(canShowDashboard(tty, tty, { TERM: "xterm", CI: "true" })).toBe(false);
    expect(canShowDashboard(tty, tty, { TERM: "xterm", CI: "false" })).toBe(true);
  });
});

const ENTER = "\u001B[?1049h";
const LEAVE = "\u001B[?1049l";

/** Opens the screen in a process of its own, which runs `before` before that and `code` after it. */
function inProcess(code: string, before = "") {
  const module = fileURLToPath(new URL("../../dist/dashboard/screen.js", import.meta.url));
  const script = `import { openScreen } from ${JSON.stringify(module)};
    ${before}
    const close = openScreen(process.stdout, true, () => process.stdout.write("unmounted "));
    setTimeout(() => {}, 10_000);
    ${code}`;
  const { stdout, stderr, status, signal } = spawnSync(process.execPath, ["--input-type=module", "-e", script], {
    encoding: "utf8",
  });
  return { stdout, stderr, status, signal };
}

describe("the alternate screen is left once, after the drawing has ended,", () => {
  const restored = new RegExp(`^${escaped(ENTER)}[^u]*unmounted ${escaped("\u001B[?25h")}${escaped(LEAVE)}$`);

  test("when it is closed", () => {
    expect(inProcess("close(); close(); process.exit(0);").stdout).toMatch(restored);
  });

  test("when the process exits", () => {
    expect(inProcess("process.exit(3);")).toMatchObject({ stdout: expect.stringMatching(restored), status: 3 });
  });

  test("when an error is not caught, and before its report", () => {
    const { stdout, stderr, status } = inProcess(`setTimeout(() => { throw new Error("boom"); }, 1);`);
    expect(stdout).toMatch(restored);
    expect(stderr).toContain("boom");
    expect(status).not.toBe(0);
  });

  test.each(["SIGTERM", "SIGHUP", "SIGINT"])("at %s, which then ends the process as usual", (signal) => {
    const result = inProcess(`process.kill(process.pid, "${signal}");`);
    expect(result).toMatchObject({ stdout: expect.stringMatching(restored), signal });
  });
});

test("a signal that the program handles itself is left to it", () => {
  const code = `process.kill(process.pid, "SIGTERM"); setTimeout(() => { process.stdout.write("still open "); process.exit(0); }, 50);`;
  const { stdout, status } = inProcess(code, `process.on("SIGTERM", () => {});`);
  expect(status).toBe(0);
  expect(stdout.indexOf("still open")).toBeLessThan(stdout.indexOf(LEAVE));
  expect(stdout).toContain("still open");
});

function escaped(text: string): string {
  return text.replace(/[[\]?]/g, "\\$&");
}
