// Whether trials are judged before they learn at their full rate: one that warms up slowly then loses to one that does not.
import type { Sweep } from "../sweep/settings.js";
import { evaluationsOf, extremesOf, sharesOf } from "./course.js";
import { createPruner } from "./planner.js";

/** A sentence for people; undefined where no rung lies within the longest warmup that the sweep has. */
export function rungWarning(sweep: Sweep, trainExamples: number): string | undefined {
  const [first] = createPruner(sweep, trainExamples).rungs;
  const [name, warmup] = longestWarmup(sweep);
  if (first === undefined || first >= warmup || sweep.earlyTerminate === undefined) return undefined;
  const iterations = Array.from({ length: evaluationsOf(sweep, trainExamples) - 1 }, (_, i) => i + 1);
  const after = iterations.find((iteration) => (sharesOf(sweep, trainExamples, [iteration])[0] ?? 1) >= warmup);
  const advice = after === undefined ? "evaluate more often (eval_steps)" : `raise min_iter to ${after}`;
  return `early_terminate first judges trials at ${percent(first)} of their steps, and ${name} goes up to ${percent(warmup)}: those that warm up slowly are held against others before they learn at their full rate; ${advice}`;
}

/** The parameter that says how long the slowest trial warms up, and the share of its steps at which it has. */
function longestWarmup({ space, settings }: Sweep): readonly [name: string, share: number] {
  const most = (name: string): number | undefined => {
    const searched = space.find((parameter) => parameter.name === name)?.distribution;
    if (searched === undefined) return settings.fixed[name] === undefined ? undefined : Number(settings.fixed[name]);
    return Math.max(...extremesOf(searched));
  };
  const base = most("warmup_ratio") ?? 0;
  const introduced = (most("introduced_delay_ratio") ?? 0) + (most("introduced_warmup_ratio") ?? base);
  return introduced > base ? ["introduced_warmup_ratio", Math.min(1, introduced)] : ["warmup_ratio", base];
}

function percent(share: number): string {
  return `${Number((100 * share).toPrecision(3))} %`;
}
