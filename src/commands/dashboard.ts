// `dualrate dashboard`: attaches to a study that runs, or looks at one that ran; read-only.
import { note } from "./output.js";
import { findStudy, type ResultsOption, withReader } from "./studies-folder.js";
import { type ViewOptions, watchStudy } from "./watch.js";

export async function dashboard(name: string | undefined, options: ResultsOption & ViewOptions): Promise<void> {
  await withReader(options, async (reader) => {
    const { study, owner } = findStudy(reader, name, options);
    if (!owner) note(`nobody runs ${study.name} now; this shows what is stored`);
    await watchStudy(reader, study, options);
  });
}
