// A Pendopo node of this test run: the built binary with fresh demo cities in a folder that goes away.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
/** `demo` serves all cities on one port and each of the three on one of the next. */
const PORTS = 4;
/** A debug build makes three cities with their reports before it answers. */
const PATIENCE_MS = 180_000;
/** What is under way is finished before the node ends. */
const GOODBYE_MS = 15_000;

export class Node {
  /** Starts a node and returns when its first city answers. */
  static async start({ binary = process.env.PENDOPO_BINARY ?? "target/debug/pendopo", args: more = [] } = {}) {
    const program = resolve(ROOT, binary);
    if (!existsSync(program)) throw new Error(`${binary} is not built`);
    const node = new Node();
    node.folder = mkdtempSync(join(tmpdir(), "pendopo-e2e-"));
    node.data = join(node.folder, "data");
    node.log = join(node.folder, "node.log");
    node.port = await freePorts();
    const args = ["demo", "--data", node.data, "--listen", `127.0.0.1:${node.port}`, ...more];
    const coast = join(ROOT, "var/base-map/land.fgb");
    if (existsSync(coast)) args.push("--base-map", coast);
    node.command = [program, args];
    node.spawn();
    try {
      await node.answering();
    } catch (error) {
      await node.stop();
      throw error;
    }
    return node;
  }

  spawn() {
    const log = openSync(this.log, "a");
    const [program, args] = this.command;
    this.process = spawn(program, args, { cwd: ROOT, stdio: ["ignore", log, log] });
    this.process.on("error", (error) => (this.failure = error));
  }

  /** Starts the node again on its ports and with its data. */
  async resume() {
    this.spawn();
    await this.answering();
  }

  /** The first city by its own port: names below `.localhost` resolve in browsers, not in every library. */
  get cityUrl() {
    return `http://127.0.0.1:${this.port + 1}`;
  }

  async answering() {
    const end = Date.now() + PATIENCE_MS;
    while (Date.now() < end) {
      if (this.failure || this.process.exitCode !== null || this.process.signalCode !== null) break;
      const answer = await fetch(`${this.cityUrl}/`).catch(() => null);
      if (answer?.ok) return;
      await sleep(200);
    }
    throw new Error(`the node does not answer on ${this.cityUrl}:\n${readFileSync(this.log, "utf8").slice(-4000)}`);
  }

  /** Ends the process that was started, and no other. */
  async halt() {
    const child = this.process;
    if (child.pid && child.exitCode === null && child.signalCode === null) {
      const gone = once(child, "exit");
      child.kill("SIGTERM");
      if ((await Promise.race([gone, sleep(GOODBYE_MS, "late", { ref: false })])) === "late") {
        child.kill("SIGKILL");
        await gone;
      }
    }
  }

  /** The same, and removes its folder. */
  async stop() {
    await this.halt();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** The first of several neighbouring ports that nobody listens on. */
async function freePorts() {
  for (let tries = 0; tries < 50; tries++) {
    // Below the range from which the system gives out ports by itself.
    const first = 20_000 + Math.floor(Math.random() * 10_000);
    const held = [];
    try {
      for (let port = first; port < first + PORTS; port++) held.push(await listen(port));
      return first;
    } catch {
      // One of them is taken: try elsewhere.
    } finally {
      await Promise.all(held.map((server) => new Promise((closed) => server.close(closed))));
    }
  }
  throw new Error("no free ports");
}

async function listen(port) {
  const server = createServer();
  server.listen(port, "127.0.0.1");
  await once(server, "listening");
  return server;
}
