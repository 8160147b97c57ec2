// Numbers as people read them in tables: few digits, the same everywhere. JSON and CSV keep all digits instead.
import { type Distribution, type Value, valuesOf } from "../sweep/space.js";
import type { RatioRow } from "./ratios.js";

/** A learning-rate ratio, e.g. `8.2x`, `1000x`. */
export function formatRatio(ratio: number): string {
  if (ratio < 0.01) return `${ratio.toExponential(1)}x`; // 0.00123x would not fit a column
  return `${ratio >= 1000 ? Math.round(ratio) : Number(ratio.toPrecision(3))}x`;
}

/** A row of a comparison of ratios: `10x`, or `5.62x-17.8x` for a range. */
export function formatRatioRow({ ratio, range }: Pick<RatioRow, "ratio" | "range">): string {
  return range ? `${formatRatio(range.from)}-${formatRatio(range.to)}` : formatRatio(ratio);
}

/** A learning rate, e.g. `2.0e-4`, `2.25e-4`; 0 stays `0`. */
export function formatRate(rate: number): string {
  if (rate === 0) return "0";
  const short = rate.toExponential(1);
  return Math.abs(Number(short) - rate) < 1e-6 * rate ? short : rate.toExponential(2);
}

/** A loss or another metric with four significant digits. */
export function formatMetric(value: number | null | undefined): string {
  return value === null || value === undefined ? "-" : value.toPrecision(4);
}

/** `0.5665 ± 0.0021`: a mean with its standard error, two digits of it; without one, the value alone. */
export function formatMean(value: number | null, standardError: number | null | undefined, plusMinus = "±"): string {
  if (value === null || standardError === null || standardError === undefined) return formatMetric(value);
  return `${formatMetric(value)} ${plusMinus} ${standardError.toPrecision(2)}`;
}

/** A probability in per cent; never 0 or 100, which draws cannot show. */
export function formatChance(probability: number): string {
  if (probability > 0.995) return "over 99 %";
  return probability < 0.005 ? "under 1 %" : `${Math.round(100 * probability)} %`;
}

/** A difference of metrics, sign included. */
export function formatDifference(difference: number | undefined): string {
  if (difference === undefined) return "-";
  return difference > 0 ? `+${formatMetric(difference)}` : formatMetric(difference);
}

/** A parameter's value; learning rates in exponential form. */
export function formatParameter(name: string, value: Value): string {
  if (typeof value !== "number") return String(value);
  if (name === "lr_ratio") return formatRatio(value);
  if (name.endsWith("_lr")) return formatRate(value);
  // What was drawn has sixteen digits; what was written by hand keeps its own.
  return String(value).length <= 8 ? String(value) : String(Number(value.toPrecision(4)));
}

/** `1x, 10x` for a list of values, `log_uniform_values 0.1x to 1000x` for a range, `normal, mu 0.1, sigma 0.02`. */
export function formatDistribution(name: string, distribution: Distribution): string {
  const text = (value: Value) => formatParameter(name, value);
  const q = "q" in distribution ? `, q ${distribution.q}` : "";
  if ("mu" in distribution) return `${distribution.kind}, mu ${distribution.mu}, sigma ${distribution.sigma}${q}`;
  if ("min" in distribution) {
    const { kind, min, max } = distribution;
    if (kind === "inv_log_uniform") return `inv_log_uniform e^${-max} to e^${-min}`;
    return kind.endsWith("log_uniform")
      ? `${kind} e^${min} to e^${max}${q}`
      : `${kind} ${text(min)} to ${text(max)}${q}`;
  }
  const probabilities =
    "probabilities" in distribution ? `, probabilities ${distribution.probabilities?.join(", ")}` : "";
  return (valuesOf(distribution) ?? []).map(text).join(", ") + probabilities;
}

/** Bytes as `340 MiB`, `1.2 GiB`. */
export function formatBytes(bytes: number): string {
  const mebibytes = bytes / 2 ** 20;
  return mebibytes < 1000 ? `${Math.ceil(mebibytes)} MiB` : `${(mebibytes / 1024).toFixed(1)} GiB`;
}

/** `12,345` whatever the machine's language. */
export function formatCount(count: number): string {
  return count.toLocaleString("en-US");
}

/** `1 trial`, `2 trials`. */
export function plural(count: number, noun: string): string {
  return `${formatCount(count)} ${noun}${count === 1 ? "" : "s"}`;
}

/** Milliseconds as `4.2s`, `3m05s`, `1h12m`. */
export function formatDuration(milliseconds: number): string {
  if (milliseconds < 59_950) return `${(milliseconds / 1000).toFixed(1)}s`;
  const seconds = Math.round(milliseconds / 1000);
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor((seconds % 3600) / 60)];
  const two = (part: number) => String(part).padStart(2, "0");
  return hours > 0 ? `${hours}h${two(minutes)}m` : `${minutes}m${two(seconds % 60)}s`;
}

/** Milliseconds since the epoch as `2026-01-31 17:05` in local time. */
export function formatTime(milliseconds: number): string {
  const date = new Date(milliseconds);
  const two = (part: number) => String(part).padStart(2, "0");
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}`;
}
