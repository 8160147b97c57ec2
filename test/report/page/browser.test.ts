// The page in a real browser: Chromium, where there is one (CHROMIUM names another place).
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { type Browser, chromium } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { comparisonPage } from "../../../src/report/page/page.js";
import { PAGE } from "./fixture.js";

const PLACES = [process.env.CHROMIUM, "/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];
const executablePath = PLACES.find((path) => path !== undefined && existsSync(path));
if (executablePath === undefined) console.warn("skipped: no Chromium to look at the page with");

/** As root it starts without its sandbox alone; all it opens is our own file. */
const ARGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking", "--disable-sync"];

describe.skipIf(executablePath === undefined)("in a browser", () => {
  const folder = mkdtempSync(join(tmpdir(), "dualrate-page-"));
  const file = join(folder, "page.html");
  const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
  let browser: Browser;

  beforeAll(async () => {
    writeFileSync(file, comparisonPage(PAGE));
    browser = await chromium.launch({ ...(executablePath && { executablePath }), args: ARGS });
  }, 60_000);
  afterAll(async () => {
    await browser?.close();
    rmSync(folder, { recursive: true });
  });

  test.each([
    [1280, "light"],
    [1280, "dark"],
    [400, "light"],
    [400, "dark"],
  ] as const)(
    "at %d pixels, %s, axe finds no fault, nothing is fetched, and the page does not scroll sideways",
    async (width, colorScheme) => {
      const context = await browser.newContext({ viewport: { width, height: 900 }, colorScheme, bypassCSP: true });
      const page = await context.newPage();
      const requests: string[] = [];
      page.on("request", (request) => requests.push(request.url()));
      await page.goto(pathToFileURL(file).href);
      await page.evaluate(axe);
      const violations = await page.evaluate(
        "axe.run().then(({ violations }) => violations.map(({ id, impact }) => [id, impact]))",
      );
      expect(violations).toEqual([]);
      expect(await page.evaluate("document.documentElement.scrollWidth - innerWidth")).toBeLessThanOrEqual(0);
      expect(requests).toEqual([pathToFileURL(file).href]);
      await context.close();
    },
    60_000,
  );

  test("without scripts it says the same", async () => {
    const context = await browser.newContext({ javaScriptEnabled: false });
    const page = await context.newPage();
    await page.goto(pathToFileURL(file).href);
    expect(await page.locator("h1").textContent()).toBe("letters");
    expect(await page.locator("svg circle").count()).toBeGreaterThan(5);
    expect(await page.locator("table").count()).toBe(3);
    await context.close();
  }, 60_000);
});
