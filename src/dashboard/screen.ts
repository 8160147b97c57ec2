// The terminal's alternate screen: entered once, left on every way out, so that no exit leaves a broken terminal.

/** Where the terminal can show a dashboard. Ink draws nothing live under CI, and a dumb terminal cannot move its cursor. */
export function canShowDashboard(
  stdout: { readonly isTTY?: boolean },
  stdin: { readonly isTTY?: boolean },
  env: Readonly<Record<string, string | undefined>>,
): boolean {
  const isSet = env.CI !== undefined || env.CONTINUOUS_INTEGRATION !== undefined;
  const inCi =
    env.CI !== "0" && env.CI !== "false" && (isSet || Object.keys(env).some((name) => name.startsWith("CI_")));
  return stdout.isTTY === true && stdin.isTTY === true && env.TERM !== "dumb" && !inCi;
}

const ENTER = "\u001B[?1049h\u001B[2J\u001B[H";
const LEAVE = "\u001B[?1049l";
const SHOW_CURSOR = "\u001B[?25h";
const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/**
 * Enters the alternate screen (if `alternate`) and returns what restores the terminal: it calls `beforeLeaving` first,
 * and does nothing the second time. The same happens when the process exits, and at signals that nobody else
 * handles, which then take their usual effect.
 */
export function openScreen(stdout: NodeJS.WritableStream, alternate: boolean, beforeLeaving: () => void): () => void {
  let isOpen = true;
  const close = () => {
    if (!isOpen) return;
    isOpen = false;
    process.off("exit", close);
    for (const [signal, handler] of handlers) process.off(signal, handler);
    beforeLeaving();
    stdout.write(alternate ? SHOW_CURSOR + LEAVE : SHOW_CURSOR);
  };
  const handlers = unhandledSignals().map((signal) => [signal, () => dieBy(signal, close)] as const);
  for (const [signal, handler] of handlers) process.on(signal, handler);
  process.on("exit", close);
  if (alternate) stdout.write(ENTER);
  return close;
}

/** A signal that the program handles itself, as a study's owner does, is its business: it need not mean the end. */
function unhandledSignals(): readonly NodeJS.Signals[] {
  return SIGNALS.filter((signal) => process.listenerCount(signal) === 0);
}

/** Restores the terminal, then lets the signal end the process, so that the parent sees how it died. */
function dieBy(signal: NodeJS.Signals, close: () => void): void {
  close();
  process.kill(process.pid, signal);
}
