import { expect, test } from "vitest";
import { comparisonPage } from "../../../src/report/page/page.js";
import { type RatioChartData, ratioChart } from "../../../src/report/page/ratio-chart.js";
import { CHART, PAGE } from "./fixture.js";

/** Tags that open and close, in order; void elements and the doctype aside. */
function isBalanced(markup: string): boolean {
  const open: string[] = [];
  for (const [, close, name, , empty] of markup.matchAll(/<(\/?)([a-z][a-z0-9]*)([^<>]*?)(\/?)>/g)) {
    if (empty || ["meta"].includes(name as string)) continue;
    if (!close) open.push(name as string);
    else if (open.pop() !== name) return false;
  }
  return open.length === 0;
}

test("the page is whole, and the same for the same data", () => {
  const page = comparisonPage(PAGE);
  expect(isBalanced(page)).toBe(true);
  expect(comparisonPage(PAGE)).toBe(page);
  expect(page).toContain('<p class="headline">best ratio 10x</p>');
  expect(page).toContain('<th scope="row">10x</th><td>1.000</td>');
  expect(page).not.toMatch(/NaN|undefined|Infinity/);
});

test("nothing is loaded and nothing runs", () => {
  const page = comparisonPage(PAGE);
  expect(page).toContain("default-src 'none'");
  expect(page).not.toMatch(/\b(src|href)=|@import|url\(|<link|\bon[a-z]+=/);
  expect([...page.matchAll(/<script[^>]*>/g)].map(String)).toEqual(['<script type="application/json" id="data">']);
});

test("a figure has a title, a description and its numbers in a table", () => {
  const page = comparisonPage(PAGE);
  expect(page).toMatch(/<svg [^>]*role="img" aria-labelledby="ratio-title ratio-desc"><title id="ratio-title">loss by/);
  expect(page).toContain("between 1x and 100x with 95 %");
  expect(page).toContain("The curve in numbers");
});

test("a name from a study is text, whatever it contains", () => {
  const evil = `</script><script>alert(1)</script>"&'<img src=x onerror=y>\u0007`;
  const page = comparisonPage({ ...PAGE, study: evil, verdict: [evil], commands: [evil] });
  expect(page).not.toContain("<img");
  expect(page).not.toContain("\u0007");
  expect(page.match(/<script/g)).toHaveLength(1);
  expect(isBalanced(page.replace(/<script[\s\S]*<\/script>/, ""))).toBe(true);
  const json = /<script type="application\/json" id="data">(.*)<\/script>/s.exec(page)?.[1] ?? "";
  expect(JSON.parse(json).study).toBe(evil);
});

test("trials beyond the edge are triangles there, diverged ones crosses, all others circles", () => {
  const svg = ratioChart(CHART)?.markup ?? "";
  const count = (pattern: RegExp) => svg.match(pattern)?.length ?? 0;
  const withoutCurve = ratioChart({ ...CHART, curve: undefined })?.markup ?? "";
  expect(count(/class="diverged"/g)).toBe(2);
  expect(count(/<circle/g) + count(/class="beyond"/g)).toBe(CHART.points.length);
  expect(withoutCurve.match(/class="beyond"/g)).toHaveLength(1);
  expect(svg).toContain('class="one"');
});

test.each<[string, Partial<RatioChartData>]>([
  ["one trial", { points: [{ trial: 1, ratio: 1, value: 2 }], curve: undefined, diverged: [], best: 1 }],
  ["one ratio", { points: [1, 2, 3].map((trial) => ({ trial, ratio: 5, value: 2 })), curve: undefined, diverged: [] }],
  ["equal values", { points: [1, 10].map((ratio) => ({ trial: ratio, ratio, value: 0 })), curve: undefined }],
  ["a metric to maximize", { goal: "maximize", metric: "accuracy" }],
])("%s gives a figure without a broken number", (_, changes) => {
  const svg = ratioChart({ ...CHART, ...changes })?.markup ?? "";
  expect(svg).toMatch(/^<svg .*<\/svg>$/s);
  expect(isBalanced(svg)).toBe(true);
  expect(svg).not.toMatch(/NaN|undefined|Infinity/);
});

test("without a complete trial there is no figure, and a page all the same", () => {
  const chart = { ...CHART, points: [], curve: undefined, best: undefined };
  expect(ratioChart(chart)).toBeUndefined();
  expect(comparisonPage({ ...PAGE, chart, verdict: [] })).toContain("nothing to compare yet");
});

test.each(["minimize", "maximize"] as const)("crosses lie inside of the plot (%s)", (goal) => {
  const svg = ratioChart({ ...CHART, goal })?.markup ?? "";
  const tops = [...svg.matchAll(/class="diverged" d="M\d+,(\d+)l8,8/g)].map(([, y]) => Number(y));
  expect(tops).toHaveLength(2);
  for (const y of tops) expect(y >= 34 && y + 8 <= 288).toBe(true);
});
