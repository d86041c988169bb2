import { chmod, mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { createConnection, type AddressInfo, type Server } from 'node:net';
import { once } from 'node:events';
import { join } from 'node:path';
import type { FastifyInstance } from 'fastify';
import { buildApi, type ApiOptions } from './api.ts';

export const SOCKET_FILE = 'auto-fix.sock';
/** Linux keeps a socket's path in 108 bytes, the last of them zero. */
const LONGEST_SOCKET_PATH = 107;
const PRIVATE_FOLDER = '.door-';
/** What `mkdtemp` adds, and the socket's first name in there. */
const LONGEST_STATE_DIR = LONGEST_SOCKET_PATH - `/${PRIVATE_FOLDER}XXXXXX/s`.length;

export interface DoorOptions extends Omit<ApiOptions, 'local'> {
  /** Null: no door to the network. */
  http: { host: string; port: number } | null;
  stateDir: string;
}

/** The open doors. */
export interface Doors {
  /** `http://127.0.0.1:9465`; null where there is none. */
  url: string | null;
  socket: string;
  close(): Promise<void>;
}

/** The sidecar cannot listen: a sentence for the operator. */
export class DoorError extends Error {
  override readonly name = 'DoorError';
}

/**
 * Opens the unix socket (0600) for the command beside us, and the network door. Rejects with a DoorError when the port
 * is taken, or when another sidecar already works with this state folder.
 */
export async function openDoors(options: DoorOptions): Promise<Doors> {
  const local = await buildApi({ ...options, local: true });
  const socket = join(options.stateDir, SOCKET_FILE);
  await listenPrivately(local, options.stateDir, socket);
  const closeSocket = async (): Promise<void> => {
    await rm(socket, { force: true });
    await shut(local);
  };
  try {
    const network = options.http ? await openNetwork(options, options.http) : null;
    return {
      url: network?.url ?? null,
      socket,
      async close() {
        await Promise.all([closeSocket(), network?.app.close()]);
      },
    };
  } catch (error) {
    await closeSocket();
    throw error;
  }
}

async function openNetwork(options: DoorOptions, { host, port }: { host: string; port: number }): Promise<{ app: FastifyInstance; url: string }> {
  const app = await buildApi({ ...options, local: false });
  try {
    await app.listen({ host, port });
  } catch (error) {
    await app.close();
    const { code } = error as NodeJS.ErrnoException;
    const why = code === 'EADDRINUSE' ? 'the port is taken by another program' : code === 'EACCES' ? 'this user may not use that port' : (code ?? String(error));
    throw new DoorError(`AUTO_FIX_HTTP: nothing can listen on ${host}:${port} (${why}); set another host:port, or off`);
  }
  const { address, family, port: taken } = app.server.address() as AddressInfo;
  return { app, url: `http://${family === 'IPv6' ? `[${address}]` : address}:${taken}` };
}

/**
 * The socket is made inside a folder only we can enter, given its rights there, and then moved to its name: at no
 * moment can anybody else connect. The move also replaces what a killed sidecar left behind.
 */
async function listenPrivately(app: FastifyInstance, stateDir: string, socket: string): Promise<void> {
  if (Buffer.byteLength(stateDir) > LONGEST_STATE_DIR) {
    throw new DoorError(`AUTO_FIX_STATE_DIR: ${stateDir} is too long a path for a socket in it; use one of at most ${LONGEST_STATE_DIR} bytes`);
  }
  await refuseASecond(stateDir);
  await mkdir(stateDir, { recursive: true, mode: 0o700 });
  const folder = await mkdtemp(join(stateDir, PRIVATE_FOLDER));
  const unnamed = join(folder, 's');
  try {
    app.server.listen(unnamed);
    await once(app.server, 'listening');
    await chmod(unnamed, 0o600);
    await rename(unnamed, socket);
  } catch (error) {
    await shut(app);
    throw error;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Rejects when another sidecar works with this state folder. Worth asking before anything is opened in it. */
export async function refuseASecond(stateDir: string): Promise<void> {
  if (!await answers(join(stateDir, SOCKET_FILE))) return;
  throw new DoorError(`another auto-fix-sessions already runs with the state folder ${stateDir}; stop it first, or set another AUTO_FIX_STATE_DIR`);
}

/** Whether somebody listens there. */
function answers(socket: string): Promise<boolean> {
  return new Promise((resolve) => {
    const connection = createConnection(socket);
    connection.once('error', () => resolve(false)).once('connect', () => {
      connection.destroy();
      resolve(true);
    });
  });
}

/** Fastify closes only servers whose `listen` it made itself. */
async function shut(app: FastifyInstance): Promise<void> {
  const server = app.server as Server & { closeAllConnections(): void };
  const closed = server.listening ? once(server, 'close') : null;
  if (closed) server.close();
  server.closeAllConnections();
  await closed;
  await app.close();
}
