// A hub on this machine: the paths of huggingface.co that a download asks for, with a server of another origin for the bytes
// of large files, as its CDN is. It can fail in the ways that networks and hubs do.
import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** What goes wrong with the next answer for a path; it is then used up. */
export interface Fault {
  readonly path: RegExp;
  readonly status?: number;
  /** The hub's X-Error-Code. */
  readonly code?: string;
  /** The connection ends after so many bytes of the body. */
  readonly cutAfter?: number;
  /** Bytes instead of the file's own. */
  readonly body?: Buffer;
  /** Nothing more comes after the bytes of `cutAfter`, but the connection stays open. */
  readonly stall?: boolean;
}

export interface Requested {
  readonly path: string;
  readonly range: string | undefined;
  readonly authorization: string | undefined;
  readonly from: "hub" | "cdn";
}

export class TestHub {
  readonly requests: Requested[] = [];
  readonly faults: Fault[] = [];
  commit = "1".repeat(40);
  readonly #servers: readonly [hub: Server, cdn: Server];
  readonly #id: string;
  files: ReadonlyMap<string, Buffer>;

  private constructor(id: string, files: ReadonlyMap<string, Buffer>) {
    this.#id = id;
    this.files = files;
    this.#servers = [
      createServer((request, response) => this.#answer("hub", request, response)),
      createServer((request, response) => this.#answer("cdn", request, response)),
    ];
  }

  static async start(id: string, files: ReadonlyMap<string, Buffer>): Promise<TestHub> {
    const hub = new TestHub(id, files);
    await Promise.all(
      hub.#servers.map((server) => new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))),
    );
    return hub;
  }

  get endpoint(): string {
    return `http://127.0.0.1:${(this.#servers[0].address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    for (const server of this.#servers) {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
  }

  /** Paths of the bytes that were asked for. */
  get downloads(): readonly string[] {
    return this.requests.flatMap(({ path, from }) => (path.includes("/resolve/") && from === "hub" ? [path] : []));
  }

  #answer(from: Requested["from"], request: IncomingMessage, response: ServerResponse): void {
    const path = request.url ?? "";
    const { range, authorization } = request.headers;
    this.requests.push({ path, range, authorization, from });
    const at = this.faults.findIndex((fault) => fault.path.test(`${from}:${path}`));
    const [fault] = at < 0 ? [] : this.faults.splice(at, 1);
    if (fault?.status) {
      response.writeHead(fault.status, fault.code === undefined ? {} : { "x-error-code": fault.code }).end("no");
      return;
    }
    const info = ["main", this.commit].map((revision) => `/api/models/${this.#id}/revision/${revision}?blobs=true`);
    if (info.includes(path)) this.#info(response);
    else this.#file(from, path, range, response, fault);
  }

  #file(
    from: Requested["from"],
    path: string,
    range: string | undefined,
    response: ServerResponse,
    fault: Fault | undefined,
  ): void {
    const prefix = `/${this.#id}/resolve/${this.commit}/`;
    const name = path.slice(path.lastIndexOf("/") + 1);
    const bytes = this.files.get(name);
    if (!path.startsWith(prefix) || !bytes) {
      response.writeHead(404).end();
    } else if (from === "hub" && isLarge(name)) {
      const { port } = this.#servers[1].address() as AddressInfo;
      response.writeHead(302, { location: `http://127.0.0.1:${port}${path}` }).end();
    } else {
      send(response, fault?.body ?? bytes, range, fault);
    }
  }

  #info(response: ServerResponse): void {
    const siblings = [...this.files].map(([rfilename, bytes]) => ({
      rfilename,
      size: bytes.length,
      blobId: gitHash(bytes),
      ...(isLarge(rfilename) && { lfs: { sha256: sha256(bytes), size: bytes.length, pointerSize: 134 } }),
    }));
    response.writeHead(200, { "content-type": "application/json" });
    response.end(JSON.stringify({ id: this.#id, sha: this.commit, siblings }));
  }
}

function isLarge(name: string): boolean {
  return name.endsWith(".safetensors");
}

function send(response: ServerResponse, bytes: Buffer, range: string | undefined, fault: Fault | undefined): void {
  const start = Number(/^bytes=(\d+)-$/.exec(range ?? "")?.[1] ?? 0);
  if (start >= bytes.length && start > 0) return void response.writeHead(416).end();
  const part = bytes.subarray(start);
  response.writeHead(range ? 206 : 200, {
    "content-length": part.length,
    ...(range && { "content-range": `bytes ${start}-${bytes.length - 1}/${bytes.length}` }),
  });
  if (fault?.cutAfter === undefined) return void response.end(part);
  response.write(part.subarray(0, fault.cutAfter), () => {
    // The bytes are on their way before the connection goes.
    if (!fault.stall) setTimeout(() => response.destroy(), 50);
  });
}

export function sha256(bytes: Buffer): string {
  return createHash("sha256").update(bytes).digest("hex");
}

export function gitHash(bytes: Buffer): string {
  return createHash("sha1").update(`blob ${bytes.length}\0`).update(bytes).digest("hex");
}
