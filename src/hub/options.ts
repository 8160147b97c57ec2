// Where the hub and its cache are, from the environment variables that Hugging Face's own tools read.
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { DualrateError } from "../errors.js";

export interface HubOptions {
  /** Without a slash at its end. */
  readonly endpoint: string;
  /** Sent to the endpoint alone, and never shown or stored. */
  readonly token?: string;
  /** The folder that holds models--ORG--NAME. */
  readonly cache: string;
  /** Only what is in the cache. */
  readonly offline: boolean;
  /** Milliseconds before the second try; each later one waits twice as long. */
  readonly retryDelay: number;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** From HF_ENDPOINT, HF_TOKEN, HF_HUB_CACHE, HF_HOME and HF_HUB_OFFLINE. Throws a DualrateError for one that cannot be used. */
export function hubOptions(env: Environment): HubOptions {
  // A variable that is set to nothing counts as not set, as in Python.
  const { HF_ENDPOINT: endpoint, HF_TOKEN: token, HF_HUB_OFFLINE: offline } = env;
  return {
    endpoint: checkedEndpoint(endpoint || "https://huggingface.co"),
    ...(token?.trim() && { token: checkedToken(token.trim()) }),
    cache: cacheFolder(env),
    offline: /^(1|on|yes|true)$/i.test(offline ?? ""),
    retryDelay: 500,
  };
}

function cacheFolder({ HF_HUB_CACHE: cache, HF_HOME: home, XDG_CACHE_HOME: caches }: Environment): string {
  if (cache) return resolve(cache);
  return resolve(home || join(caches || join(homedir(), ".cache"), "huggingface"), "hub");
}

/** fetch's own message about a header that it cannot send would show the token. */
function checkedToken(token: string): string {
  if (/^[!-~]+$/.test(token)) return token;
  throw new DualrateError("usage", "HF_TOKEN must be one word of ASCII characters", {
    hint: "Copy the token once more, or unset HF_TOKEN: only private and gated models need one.",
  });
}

function checkedEndpoint(endpoint: string): string {
  const url = URL.canParse(endpoint) ? new URL(endpoint) : undefined;
  const isAddress = url && /^https?:$/.test(url.protocol) && url.username === "" && url.password === "";
  if (isAddress) return endpoint.replace(/\/+$/, "");
  // It may hold a password, so it is not shown.
  throw new DualrateError("usage", "HF_ENDPOINT must be an http or https address, without a user name or a password", {
    hint: "Unset it, or set it to a mirror's address: https://hub.example.org, say.",
  });
}
