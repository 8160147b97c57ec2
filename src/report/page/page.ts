// A study's comparison as one HTML file: readable without scripts and without a network, in light and dark, on paper and phones.
import { element, escaped, type Markup, type TableColumn, table } from "./markup.js";
import { type RatioChartData, ratioChart } from "./ratio-chart.js";
import { FIGURE_STYLE, PAGE_STYLE } from "./style.js";

/** What the page shows; plain data, which it carries as JSON as well. */
export interface PageData {
  readonly study: string;
  readonly version: string;
  /** The first one is the headline. */
  readonly verdict: readonly string[];
  readonly chart: RatioChartData;
  readonly ratios: PageTable;
  readonly configurations: PageTable;
  /** Shell lines that lead here again, and on. */
  readonly commands: readonly string[];
}

export interface PageTable {
  readonly titles: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

export function comparisonPage(data: PageData): string {
  const { study, verdict, chart } = data;
  const [headline = "nothing to compare yet", ...further] = verdict;
  const figure = ratioChart(chart);
  const main = element(
    "main",
    {},
    element("h1", {}, study),
    element("p", { class: "headline" }, headline),
    ...(further.length > 0 ? [element("ul", {}, ...further.map((text) => element("li", {}, text)))] : []),
    element("h2", {}, `${chart.metric} by ratio`),
    ...(figure ? [element("figure", {}, figure, element("figcaption", {}, caption(chart)))] : []),
    ...(chart.curve ? [curveTable(chart)] : []),
    element("h2", {}, "Ratios"),
    pageTable("All trials by ratio", data.ratios),
    element("h2", {}, "Configurations"),
    pageTable(`The ${data.configurations.rows.length} best, the best first`, data.configurations),
    element("h2", {}, "Again, and on"),
    element("pre", { tabindex: 0 }, element("code", {}, data.commands.join("\n"))),
    element("footer", {}, `dualrate ${data.version}`),
  );
  return document(`${study}: learning-rate ratios compared`, main, data);
}

/** The figure by itself, as an SVG file; undefined where there is nothing to show. */
export function ratioFigure(chart: RatioChartData): string | undefined {
  const figure = ratioChart(chart);
  if (figure === undefined) return undefined;
  const own = figure.markup.replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ');
  return `${own.replace(">", `><style>${FIGURE_STYLE}</style>`)}\n`;
}

function caption({ curve, diverged }: RatioChartData): string {
  return [
    "A circle is a complete trial's best value, a triangle one beyond the edge.",
    ...(curve
      ? [
          "The line is the model's mean with the other parameters at their best, the band holds it with 95 %; where it is cut off flat, it goes on.",
        ]
      : []),
    ...(diverged.length > 0 ? ["A cross is a trial that diverged."] : []),
  ].join(" ");
}

/** The figure's numbers, for those who cannot see it. */
function curveTable({ curve, metric }: RatioChartData): Markup {
  const rows = (curve?.ratios ?? []).flatMap((ratio, i) => {
    const band = curve?.profile[i];
    return i % 4 === 0 && band ? [{ ratio, ...band }] : [];
  });
  const number = (value: number) => value.toPrecision(4);
  const columns: readonly TableColumn<(typeof rows)[number]>[] = [
    { title: "lr_ratio", cell: ({ ratio }) => `${Number(ratio.toPrecision(3))}x` },
    { title: metric, cell: ({ mean }) => number(mean) },
    { title: "95 % from", cell: ({ low }) => number(low) },
    { title: "to", cell: ({ high }) => number(high) },
  ];
  const shown = table("The model's curve in numbers", columns, rows);
  return element("details", {}, element("summary", {}, "The curve in numbers"), shown);
}

function pageTable(caption: string, { titles, rows }: PageTable): Markup {
  return table(
    caption,
    titles.map((title, i) => ({ title, cell: (row: readonly string[]) => row[i] ?? "" })),
    rows,
  );
}

/** Nothing is loaded and nothing runs: the policy says so to the browser, whatever a name in the study contains. */
const POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'";

function document(title: string, main: Markup, data: PageData): string {
  // "</script" in a name must not end the block.
  const json = JSON.stringify(data).replaceAll("<", "\\u003c");
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${escaped(title)}</title>
<style>${PAGE_STYLE}</style>
</head>
<body>
${main.markup}
<script type="application/json" id="data">${json}</script>
</body>
</html>
`;
}
