// All keys, and what the glyphs of the states mean.
import { Box } from "ink";
import { keyHelp } from "../keys.js";
import type { Size } from "../layout.js";
import type { Theme } from "../theme.js";
import { Line, titleSegments } from "./line.js";

export interface HelpProps {
  readonly owner: boolean;
  readonly size: Size;
  readonly theme: Theme;
}

export function Help({ owner, size, theme }: HelpProps) {
  const { state, live } = theme.glyphs;
  const legend = `${state.running} running ${state.complete} done ${state.pruned} pruned ${state.failed} failed ${state.queued} queued`;
  return (
    <Box flexDirection="column" height={size.rows}>
      <Line segments={titleSegments("Keys", "", size.columns, theme)} theme={theme} />
      {keyHelp(theme.glyphs, owner).map(([keys, effect]) => (
        <Line key={keys} segments={[{ text: ` ${keys.padEnd(13)}`, bold: true }, { text: effect }]} theme={theme} />
      ))}
      <Line segments={[{ text: ` ${legend} 2.1${live} so far` }]} theme={theme} />
    </Box>
  );
}
