import { existsSync, rmSync } from 'node:fs';
import { type Server, type Socket, connect, createServer } from 'node:net';

interface Pair {
  client: Socket;
  engine: Socket;
  /** Bytes that still pass to the client before the connection is destroyed; null: no limit. */
  allowance: number | null;
}

/** Stands between the sidecar and the engine's socket and does what proxies and engines do on bad days. */
export class CuttingProxy {
  readonly socketPath: string;
  readonly #engineSocket: string;
  #server: Server | null = null;
  #pairs = new Set<Pair>();
  cuts = 0;

  constructor(socketPath: string, engineSocket: string) {
    this.socketPath = socketPath;
    this.#engineSocket = engineSocket;
  }

  async listen(): Promise<void> {
    if (existsSync(this.socketPath)) rmSync(this.socketPath);
    this.#server = createServer((client) => this.#pair(client));
    await new Promise<void>((resolve) => this.#server!.listen(this.socketPath, resolve));
  }

  /** Refuses everything until `listen`. */
  async close(): Promise<void> {
    const server = this.#server;
    this.#server = null;
    const closed = new Promise<void>((resolve) => (server ? server.close(() => resolve()) : resolve()));
    this.cutAll();
    await closed;
  }

  cutAll(): void {
    for (const pair of this.#pairs) this.#cut(pair);
  }

  /** Lets a few more bytes through each connection: the cut falls into a header, a timestamp, a character. */
  cutAfter(bytes: () => number): void {
    for (const pair of this.#pairs) pair.allowance ??= bytes();
  }

  /** Connections stay open and nothing passes any more. */
  stallAll(): void {
    for (const { engine } of this.#pairs) engine.pause();
  }

  resumeAll(): void {
    for (const { engine } of this.#pairs) engine.resume();
  }

  #pair(client: Socket): void {
    const engine = connect(this.#engineSocket);
    const pair: Pair = { client, engine, allowance: null };
    this.#pairs.add(pair);
    const end = () => {
      this.#pairs.delete(pair);
      client.destroy();
      engine.destroy();
    };
    client.on('error', end).on('close', end).on('data', (bytes) => engine.write(bytes));
    engine.on('error', end).on('data', (bytes) => this.#pass(pair, bytes)).on('end', () => client.end());
  }

  #pass(pair: Pair, bytes: Buffer): void {
    if (pair.allowance === null) {
      pair.client.write(bytes);
      return;
    }
    const here = Math.min(pair.allowance, bytes.length);
    pair.allowance -= here;
    if (here > 0) pair.client.write(bytes.subarray(0, here), () => (pair.allowance === 0 ? this.#cut(pair) : undefined));
    else this.#cut(pair);
  }

  #cut(pair: Pair): void {
    if (!this.#pairs.delete(pair)) return;
    this.cuts++;
    pair.client.destroy();
    pair.engine.destroy();
  }
}
