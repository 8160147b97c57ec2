// What the hub may answer, and who gets the token.
import { expect, test } from "vitest";
import { createFixture } from "./fixture.js";

const TOKEN = "hf_a-secret";

test.each([
  [{ status: 404 }, /^the hub has no model org\/tiny/, /Correct its name/],
  [{ status: 401, code: "RepoNotFound" }, /^the hub has no model org\/tiny/, /for a private model set HF_TOKEN/],
  [{ status: 401, code: "GatedRepo" }, /^org\/tiny is only for those who may read it/, /Accept its licence .*HF_TOKEN/],
  [{ status: 403, code: "GatedRepo" }, /^org\/tiny is only for those who may read it/, /Accept its licence .*HF_TOKEN/],
  [{ status: 404, code: "RevisionNotFound" }, /^org\/tiny has no revision "main" on the hub/, /leave @main out/],
  [{ status: 418 }, /with status 418/, /Check HF_ENDPOINT/],
])("the answer %o is told at once, with what to do, and without the token", async (answer, message, hint) => {
  const { hub, fetch } = await createFixture();
  hub.faults.push({ path: /hub:.api/, ...answer });
  const error = await fetch({ token: TOKEN }).catch((thrown) => thrown);
  expect(error).toMatchObject({
    code: "model",
    message: expect.stringMatching(message),
    hint: expect.stringMatching(hint),
  });
  expect(JSON.stringify([error.message, error.hint, error.stack])).not.toContain(TOKEN);
  expect(hub.requests).toHaveLength(1);
});

test("a gated file is told as the gated model is", async () => {
  const { hub, fetch } = await createFixture();
  hub.faults.push({ path: /resolve/, status: 403 });
  await expect(fetch()).rejects.toThrow(/^org\/tiny is only for those who may read it/);
});

test.each([500, 503, 429])("status %i passes: it is asked again", async (status) => {
  const { hub, fetch } = await createFixture();
  hub.faults.push({ path: /api/, status }, { path: /api/, status }, { path: /config/, status });
  await fetch();
  expect(hub.requests.filter(({ path }) => path.startsWith("/api"))).toHaveLength(3);
});

test("a hub that stays broken is given up after five tries", async () => {
  const { hub, fetch } = await createFixture();
  hub.faults.push(...Array.from({ length: 10 }, () => ({ path: /api/, status: 502 })));
  await expect(fetch()).rejects.toMatchObject({
    message: expect.stringMatching(/^org\/tiny could not be had from http:.*: it answered with status 502$/),
    hint: expect.stringContaining("goes on where it stopped"),
  });
  expect(hub.requests).toHaveLength(5);
});

test("the token goes to the endpoint alone, not to where it redirects", async () => {
  const { hub, fetch } = await createFixture();
  await fetch({ token: TOKEN });
  const sent = (from: string) =>
    hub.requests.filter((request) => request.from === from).map((one) => one.authorization);
  expect(new Set(sent("hub"))).toEqual(new Set([`Bearer ${TOKEN}`]));
  expect(sent("cdn")).toEqual([undefined]);
});

test("an endpoint that is no hub is named", async () => {
  const { hub, fetch } = await createFixture();
  hub.files = new Map([["config.json", Buffer.alloc(1)]]);
  hub.commit = "not-a-commit";
  await expect(fetch()).rejects.toThrow(/^http:.* does not describe org\/tiny as the hub does: sha: /);
});
