// The looks of page and figure. Colours of lines are Okabe and Ito's, which people with any colour vision tell apart; what they mean is
// told by shape and words too.

const COLOURS = `
:root{--ground:#fff;--ink:#1c1e21;--soft:#5b626b;--rule:#d5d9de;--panel:#f5f6f8;--line:#0072b2;--best:#006b4f;--one:#b34700}
@media (prefers-color-scheme:dark){:root{--ground:#15171a;--ink:#e8eaed;--soft:#a9b0b8;--rule:#3a4047;--panel:#1f2226;--line:#56b4e9;--best:#2fc49b;--one:#f0a35e}}
`;

/** Of a figure, in the page and by itself. */
export const FIGURE_STYLE = `${COLOURS}
svg{background:var(--panel)}
svg text{fill:var(--ink);font:14px system-ui,sans-serif}
.axis{stroke:var(--soft)}
.grid{stroke:var(--rule)}
.mean{fill:none;stroke:var(--line);stroke-width:2}
.band{fill:var(--line);opacity:.2}
circle{fill:var(--line);stroke:var(--panel);stroke-width:1}
.beyond{fill:var(--line)}
.diverged{fill:none;stroke:var(--one);stroke-width:2}
.one{stroke:var(--one);stroke-dasharray:2 4;stroke-width:1.5}
.best{stroke:var(--best);stroke-dasharray:8 4;stroke-width:1.5}
svg .one-text{fill:var(--one)}
svg .best-text{fill:var(--best);font-weight:600}
`;

export const PAGE_STYLE = `${FIGURE_STYLE}
*{box-sizing:border-box}
body{margin:0;background:var(--ground);color:var(--ink);font:16px/1.5 system-ui,sans-serif}
main{max-width:54rem;margin:0 auto;padding:1.5rem 1rem 3rem}
h1{font-size:1.5rem;margin:0 0 .25rem;overflow-wrap:anywhere}
h2{font-size:1.1rem;margin:2rem 0 .5rem}
.headline{font-size:1.15rem;margin:.25rem 0 .75rem}
ul{padding-left:1.25rem;margin:.5rem 0}
li{margin:.2rem 0}
figure{margin:0;max-width:44rem}
svg{width:100%;height:auto;display:block;border-radius:6px}
figcaption,caption,footer{color:var(--soft);font-size:.875rem}
figcaption{margin-top:.4rem}
caption{text-align:left;padding:.25rem 0}
details{margin:.5rem 0}
.scroll{overflow-x:auto}
table{border-collapse:collapse;font-size:.875rem;font-variant-numeric:tabular-nums}
th,td{padding:.25rem .75rem .25rem 0;text-align:right;white-space:nowrap;border-bottom:1px solid var(--rule)}
th{font-weight:600}
pre{background:var(--panel);padding:.75rem;border-radius:6px;overflow-x:auto;font-size:.875rem}
footer{margin-top:2.5rem}
@media (max-width:30rem){svg text{font-size:18px}}
@media print{main{max-width:none;padding:0}.scroll{overflow:visible}}
`;
