// The figure of a study: the metric over the learning-rate ratio, with the model's band, every trial, ratio 1 and the best.
import { type ScaleContinuousNumeric, scaleLinear, scaleLog } from "d3-scale";
import { area, line } from "d3-shape";
import type { Goal } from "../../sweep/settings.js";
import { formatMetric, formatRatio } from "../format.js";
import type { Band, RatioCurve } from "../ratio-curve.js";
import { type Child, element, type Markup } from "./markup.js";

export interface RatioChartData {
  readonly metric: string;
  readonly goal: Goal;
  readonly curve: RatioCurve | undefined;
  /** Complete trials. */
  readonly points: readonly { readonly trial: number; readonly ratio: number; readonly value: number }[];
  /** Ratios of the trials that diverged. */
  readonly diverged: readonly number[];
  /** Of the best configuration. */
  readonly best: number | undefined;
}

const [WIDTH, HEIGHT] = [560, 340];
const PLOT = { left: 62, right: 532, top: 34, bottom: 288 };

type Scale = ScaleContinuousNumeric<number, number>;

/** An SVG of its own size, which scales with the page; undefined where there is nothing to show. */
export function ratioChart(data: RatioChartData): Markup | undefined {
  const ratios = [...data.points.map(({ ratio }) => ratio), ...data.diverged, ...(data.curve?.ratios ?? [])];
  if (data.points.length === 0) return undefined;
  const [least, greatest] = [Math.min(...ratios), Math.max(...ratios)];
  // One ratio alone has an axis too.
  const x = scaleLog()
    .domain(least < greatest ? [least, greatest] : [least / 2, least * 2])
    .range([PLOT.left + 8, PLOT.right - 8]);
  const y = scaleLinear().domain(metricRange(data)).nice(5).range([PLOT.bottom, PLOT.top]);
  const title = `${data.metric} by learning-rate ratio`;
  return element(
    "svg",
    { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-labelledby": "ratio-title ratio-desc" },
    element("title", { id: "ratio-title" }, title),
    element("desc", { id: "ratio-desc" }, description(data)),
    ...xAxis(x),
    ...yAxis(y, data.metric),
    ...marks(x, data),
    ...(data.curve ? curvePaths(x, y, data.curve) : []),
    ...pointMarks(x, y, data),
  );
}

function description({ points, diverged, curve, metric }: RatioChartData): string {
  const { best } = curve ?? {};
  const known = best
    ? `The model's best ratio is ${formatRatio(best.ratio)}, between ${formatRatio(best.low)} and ${formatRatio(best.high)} with 95 %.`
    : "";
  return `${points.length} complete trials, their best ${metric} against the ratio on a logarithmic axis; ${diverged.length} diverged. ${known}`.trim();
}

/** What most trials reach: the worst tenth would flatten the rest, and is drawn at the edge. */
function metricRange({ points, curve, goal }: RatioChartData): [number, number] {
  const values = points.map(({ value }) => value).sort((a, b) => a - b);
  const bands = curve?.profile.map(({ mean }) => mean) ?? [];
  const at = (share: number) => values[Math.round(share * (values.length - 1))] as number;
  const [low, high] = goal === "minimize" ? [at(0), at(0.9)] : [at(0.1), at(1)];
  const [bottom, top] = [Math.min(low, ...bands), Math.max(high, ...bands)];
  const room = (top - bottom || Math.abs(top) || 1) * 0.05;
  return [bottom - room, top + room];
}

function xAxis(x: Scale): readonly Markup[] {
  const [low, high] = x.domain() as [number, number];
  const tens = Array.from({ length: 25 }, (_, i) => 10 ** (i - 12)).filter((ten) => ten >= low && ten <= high);
  const ticks = tens.length >= 2 ? tens : [low, high];
  return [
    element("line", { class: "axis", x1: PLOT.left, x2: PLOT.right, y1: PLOT.bottom, y2: PLOT.bottom }),
    ...ticks.flatMap((tick) => [
      element("line", { class: "axis", x1: x(tick), x2: x(tick), y1: PLOT.bottom, y2: PLOT.bottom + 5 }),
      element(
        "text",
        { x: x(tick), y: PLOT.bottom + 22, "text-anchor": "middle" },
        formatRatio(Number(tick.toPrecision(12))),
      ),
    ]),
    element(
      "text",
      { x: (PLOT.left + PLOT.right) / 2, y: HEIGHT - 8, "text-anchor": "middle" },
      "lr_ratio (logarithmic)",
    ),
  ];
}

function yAxis(y: Scale, metric: string): readonly Markup[] {
  return [
    ...y
      .ticks(5)
      .flatMap((tick) => [
        element("line", { class: "grid", x1: PLOT.left, x2: PLOT.right, y1: y(tick), y2: y(tick) }),
        element(
          "text",
          { x: PLOT.left - 8, y: y(tick) + 5, "text-anchor": "end" },
          String(Number(tick.toPrecision(6))),
        ),
      ]),
    element("text", { x: 4, y: 16 }, metric),
  ];
}

/** Upright lines at ratio 1 and at the best, told apart by their dashes and words. */
function marks(x: Scale, { best }: RatioChartData): readonly Markup[] {
  const [low, high] = x.domain() as [number, number];
  const upright = (name: string, ratio: number, text: string) => [
    element("line", { class: name, x1: x(ratio), x2: x(ratio), y1: PLOT.top, y2: PLOT.bottom }),
    element("text", { class: `${name}-text`, x: x(ratio), y: PLOT.top - 6, "text-anchor": anchorAt(x(ratio)) }, text),
  ];
  return [
    ...(low <= 1 && high >= 1 && best !== 1 ? upright("one", 1, "1x") : []),
    ...(best === undefined ? [] : upright("best", best, `best ${formatRatio(best)}`)),
  ];
}

function anchorAt(x: number): string {
  if (x < PLOT.left + 50) return "start";
  return x > PLOT.right - 50 ? "end" : "middle";
}

function curvePaths(x: Scale, y: Scale, { ratios, profile }: RatioCurve): readonly Markup[] {
  const inside = (value: number) => Math.min(PLOT.bottom, Math.max(PLOT.top, y(value)));
  const band = area<Band>(
    (_, i) => x(ratios[i] as number),
    ({ low }) => inside(low),
    ({ high }) => inside(high),
  ).digits(2);
  const mean = line<Band>(
    (_, i) => x(ratios[i] as number),
    (one) => inside(one.mean),
  ).digits(2);
  return [
    element("path", { class: "band", d: band([...profile]) ?? "" }),
    element("path", { class: "mean", d: mean([...profile]) ?? "" }),
  ];
}

/** Circles; triangles at the edge for what lies beyond it, crosses for what diverged. */
function pointMarks(x: Scale, y: Scale, { points, diverged, goal, metric }: RatioChartData): readonly Markup[] {
  const edge = goal === "minimize" ? PLOT.top : PLOT.bottom;
  const drawn = points.map(({ trial, ratio, value }) => {
    const [at, height] = [x(ratio), y(value)];
    const tip: Child = element("title", {}, `trial ${trial}: ${formatRatio(ratio)}, ${metric} ${formatMetric(value)}`);
    if (height >= PLOT.top && height <= PLOT.bottom) return element("circle", { cx: at, cy: height, r: 4 }, tip);
    const side = goal === "minimize" ? 1 : -1;
    const d = `M${Math.round(at) - 5},${edge + 9 * side}h10l-5,${-8 * side}z`;
    return element("path", { class: "beyond", d }, tip);
  });
  const crosses = diverged.map((ratio) => {
    const at = Math.round(x(ratio));
    // Inside of the plot, at the edge where the worst values lie.
    const d = `M${at - 4},${goal === "minimize" ? edge + 14 : edge - 22}l8,8m0,-8l-8,8`;
    return element("path", { class: "diverged", d }, element("title", {}, `diverged at ${formatRatio(ratio)}`));
  });
  return [...drawn, ...crosses];
}
