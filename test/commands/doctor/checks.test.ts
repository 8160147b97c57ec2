import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import {
  type Check,
  checkCores,
  checkDatabase,
  checkFolder,
  checkHub,
  checkMemory,
  checkNode,
  checkOnnx,
  checkSimd,
  checkSqlite,
  checkTensorflow,
  checkTerminal,
} from "../../../src/commands/doctor/checks.js";

const GIBIBYTE = 2 ** 30;
const works = { works: true, message: "it computes" };
const fails = { works: false, message: "cannot open libonnxruntime.so" };
const refused = { message: "cannot write there", hint: "Elsewhere." };
const folder = { folder: "results", exists: true, refusal: undefined, free: 9 * GIBIBYTE, network: undefined };
const terminal = { isTty: true, columns: 100, rows: 30, colorBits: 24, canDraw: true, env: { LANG: "C.UTF-8" } };
const hub = {
  endpoint: "https://hub.example.org",
  hasToken: false,
  offline: false,
  cache: "/cache",
  refusal: undefined,
  answer: undefined,
};

test.each<[string, Check, Check["status"], RegExp]>([
  ["Node 20.19", checkNode("v20.19.0"), "ok", /v20\.19\.0/],
  ["Node 20.18", checkNode("v20.18.9"), "problem", /needs 20\.19/],
  ["Node 22.12", checkNode("v22.12.0"), "ok", /22/],
  ["Node 23", checkNode("v23.11.0"), "problem", /24/],
  ["Node 26", checkNode("v26.0.0"), "ok", /26/],
  ["an engine", checkOnnx(works), "ok", /computes/],
  ["no engine", checkOnnx(fails), "problem", /libonnxruntime/],
  ["kernels", checkSimd(works), "ok", /computes/],
  ["no kernels", checkSimd(fails), "problem", /SIMD/],
  ["no TensorFlow", checkTensorflow(fails), "ok", /not needed \(cannot open/],
  ["cores", checkCores({ cores: 8, quota: undefined }), "ok", /^8 cores/],
  ["a whole quota", checkCores({ cores: 8, quota: 8 }), "ok", /^8 cores/],
  ["a quota", checkCores({ cores: 8, quota: 2.5 }), "warning", /may use 2\.5/],
  [
    "memory",
    checkMemory({ memory: 4 * GIBIBYTE, memoryLimit: 5 * GIBIBYTE }),
    "ok",
    /4\.0 GiB free, of a container's 5\.0/,
  ],
  ["little memory", checkMemory({ memory: -5, memoryLimit: undefined }), "warning", /^0 MiB free$/],
  ["a folder", checkFolder(folder), "ok", /9\.0 GiB free/],
  ["a folder to come", checkFolder({ ...folder, exists: false }), "ok", /not there yet/],
  ["a folder of others", checkFolder({ ...folder, refusal: "EACCES" }), "problem", /EACCES/],
  ["little room", checkFolder({ ...folder, free: GIBIBYTE / 2 }), "warning", /512 MiB/],
  ["no room", checkFolder({ ...folder, free: 1e6 }), "problem", /1 MiB/],
  ["a network's folder", checkFolder({ ...folder, network: "NFS" }), "warning", /NFS/],
  ["a folder that cannot be looked at", checkFolder(refused), "problem", /cannot write/],
  ["SQLite", checkSqlite({ version: "3.51.2", journal: "wal" }), "ok", /3\.51\.2/],
  ["SQLite without WAL", checkSqlite({ version: "3.51.2", journal: "delete" }), "problem", /delete/],
  ["no SQLite", checkSqlite(refused), "problem", /cannot write/],
  ["no database", checkDatabase(undefined), "ok", /none yet/],
  ["a whole database", checkDatabase([]), "ok", /whole/],
  ["a damaged database", checkDatabase(["row 1 missing"]), "problem", /row 1 missing/],
  ["an unreadable database", checkDatabase(refused), "problem", /cannot write/],
  ["a terminal", checkTerminal(terminal), "ok", /100 x 30, 16 million colours, Unicode/],
  ["no terminal", checkTerminal({ ...terminal, isTty: false }), "ok", /plain lines/],
  ["a dumb terminal", checkTerminal({ ...terminal, canDraw: false }), "warning", /dumb/],
  ["a small terminal", checkTerminal({ ...terminal, rows: 9 }), "warning", /100 x 9/],
  ["an old terminal", checkTerminal({ ...terminal, env: { LC_ALL: "C", LANG: "C.UTF-8" } }), "warning", /no Unicode/],
  ["no colours", checkTerminal({ ...terminal, env: { ...terminal.env, NO_COLOR: "1" } }), "ok", /NO_COLOR/],
  ["a hub", checkHub(hub), "ok", /no token, cache \/cache/],
  ["a hub that answers", checkHub({ ...hub, hasToken: true, answer: works }), "ok", /answers, with token/],
  ["a hub that does not answer", checkHub({ ...hub, answer: fails }), "warning", /cannot be reached/],
  ["no hub", checkHub({ ...hub, offline: true }), "ok", /offline/],
  ["a cache of others", checkHub({ ...hub, refusal: "EACCES" }), "warning", /EACCES/],
  ["a wrong endpoint", checkHub(refused), "problem", /cannot write/],
])("%s", (_, { status, message, hint }, expected, text) => {
  expect([status, message]).toEqual([expected, expect.stringMatching(text)]);
  // What is wrong comes with what to do, and nothing else does.
  expect(hint === undefined).toBe(status === "ok");
});

test("the versions of Node are package.json's", () => {
  const { engines } = JSON.parse(readFileSync(new URL("../../../package.json", import.meta.url), "utf8"));
  expect(engines.node).toBe("^20.19.0 || ^22.12.0 || >=24.0.0");
});
