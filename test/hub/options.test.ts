import { homedir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { hubOptions } from "../../src/hub/options.js";

test.each([
  [{}, join(homedir(), ".cache", "huggingface", "hub")],
  [{ XDG_CACHE_HOME: "/caches" }, "/caches/huggingface/hub"],
  [{ XDG_CACHE_HOME: "/caches", HF_HOME: "/home/hf" }, "/home/hf/hub"],
  [{ HF_HOME: "/home/hf", HF_HUB_CACHE: "/cache" }, "/cache"],
  [{ HF_HOME: "/home/hf", HF_HUB_CACHE: "" }, "/home/hf/hub"],
])("with %o the cache is where Python has it", (env, cache) => {
  expect(hubOptions(env).cache).toBe(cache);
});

test("endpoint, token and offline are Hugging Face's variables", () => {
  expect(hubOptions({})).toMatchObject({ endpoint: "https://huggingface.co", offline: false });
  expect(hubOptions({})).not.toHaveProperty("token");
  const set = hubOptions({ HF_ENDPOINT: "http://mirror:8080/hf/", HF_TOKEN: " hf_x\n", HF_HUB_OFFLINE: "True" });
  expect(set).toMatchObject({ endpoint: "http://mirror:8080/hf", token: "hf_x", offline: true });
  expect(hubOptions({ HF_HUB_OFFLINE: "0" }).offline).toBe(false);
});

test.each(["mirror", "ftp://mirror", "https://me:secret@mirror"])("HF_ENDPOINT %s is an error", (endpoint) => {
  expect(() => hubOptions({ HF_ENDPOINT: endpoint })).toThrow(/^HF_ENDPOINT must be an http or https address/);
});

test("a token that no header can hold is an error that does not show it", () => {
  expect(() => hubOptions({ HF_TOKEN: "hf_a\nsecret" })).toThrow(/^HF_TOKEN must be one word of ASCII characters$/);
});
