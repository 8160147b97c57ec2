// A configuration as a commented sweep file.
import { Document, isMap, isScalar, visit, type YAMLMap, type YAMLSeq } from "yaml";
import type { ExportedConfiguration } from "./configuration.js";

/** `file` is the name that the comment's commands use. Numbers are written with all digits, so that a run is the same. */
export function toYaml(configuration: ExportedConfiguration, file: string): string {
  const document = new Document(configuration);
  document.commentBefore = comment(configuration, file);
  visit(document, {
    Map: (_, node) => asOneLine(node),
    Seq: (_, node) => asOneLine(node),
  });
  return document.toString({ lineWidth: 0, flowCollectionPadding: false });
}

/** Leaves such as {value: 0.1} and lists of numbers stand on one line; tokens and whole sections on lines of their own. */
function asOneLine(node: YAMLMap | YAMLSeq): void {
  node.flow = isMap(node) ? node.has("value") && node.items.length === 1 : node.items.every(isNumber);
}

function isNumber(item: unknown): boolean {
  return isScalar(item) && typeof item.value === "number";
}

function comment({ exported_from: from, seed }: ExportedConfiguration, file: string): string {
  return [
    ` Trial ${from.trial} of the study ${from.study}, written by dualrate export.`,
    ` Its best ${from.metric} was ${from.value}, after step ${from.step} (seed ${seed}).`,
    ` Train it again and compare:  dualrate train ${file}`,
  ].join("\n");
}
