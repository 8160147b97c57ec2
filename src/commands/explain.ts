// `dualrate explain`: a study in plain words.
import { resultsFlag, shortPath } from "../dashboard/format.js";
import { type Explanation, explain as explanationOf } from "../report/explanation.js";
import { findingLines, findingsOf } from "../report/findings.js";
import { note, print, printJson } from "./output.js";
import { findStudy, type ResultsOption, withReader } from "./studies-folder.js";

export interface ExplainOptions extends ResultsOption {
  readonly json?: boolean;
}

const TITLES: Readonly<Record<keyof Explanation, string>> = {
  searched: "What was searched",
  found: "What was found",
  careful: "What to be careful of",
  next: "What to do next",
};

export async function explain(name: string | undefined, options: ExplainOptions): Promise<void> {
  await withReader(options, (reader) => {
    const { study } = findStudy(reader, name, options);
    const { sweep } = study;
    const trials = reader.trials(study.id);
    const flag = resultsFlag(options.results);
    const explanation = explanationOf({
      sweep,
      trials,
      findings: findingLines(findingsOf(sweep, trials), sweep.metric.name),
      measurementsOf: (number) => reader.measurementsOf(study.id, number),
      run: `dualrate run ${shortPath(sweep.file)}${flag}`,
      exports: `dualrate export ${study.name} -o best.yaml${flag}`,
    });
    if (options.json) return printJson({ study: study.name, ...explanation });
    const width = Math.min(process.stdout.columns ?? 100, 100);
    const sections = (Object.keys(TITLES) as (keyof Explanation)[]).filter((key) => explanation[key].length > 0);
    print(
      sections.flatMap((key, i) => [
        ...(i > 0 ? [""] : []),
        TITLES[key],
        ...explanation[key].flatMap((text) => item(text, width)),
      ]),
    );
    note(`next: dualrate compare ${study.name}${flag}`);
  });
}

/** A text as lines of at most `width`, with a mark before the first; words longer than a line stay whole. */
export function item(text: string, width: number): readonly string[] {
  const lines = [""];
  for (const word of text.split(" ")) {
    const last = lines.at(-1) as string;
    if (last !== "" && last.length + 1 + word.length > width - 4) lines.push(word);
    else lines[lines.length - 1] = last === "" ? word : `${last} ${word}`;
  }
  return lines.map((line, i) => `${i === 0 ? "  - " : "    "}${line}`);
}
