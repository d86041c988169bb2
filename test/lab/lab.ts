import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Redis } from 'ioredis';
import { Control, until } from './control.ts';
import { composeStack, testSocket, type Stack } from './engine.ts';
import { snapshotKeys, snapshotTree, type KeySnapshot, type TreeSnapshot } from './snapshot.ts';

const HERE = dirname(fileURLToPath(import.meta.url));
const CHECKOUT = join(HERE, '../..');
const GATEWAYS = { 'wppconnect-server': 21465, 'gateway-wrapper': 3000, 'whaticket-backend': 8080 } as const;
const REDIS_PORT = 6379;
const PORTS = { ...GATEWAYS, redis: REDIS_PORT, 'auto-fix-sessions': 9465 } as const;
/** A container of the lab answers about a second after its start; a busy machine needs longer. */
const UP_WITHIN_MS = 60_000;

export type LabService = keyof typeof PORTS;

export interface LabOptions {
  /** Compose project name; one per lab that runs at the same time. */
  project: string;
  /** Further Compose files behind the lab's own, such as the project's override: they resolve against the data folder. */
  files?: readonly string[];
  /** Values for the variables of `compose.yml` and of those files. */
  env?: Record<string, string>;
  /** Services to start; all when unset. */
  services?: readonly string[];
  /** Adds the project's own override file, unmodified, with a `.env` that fits the lab. Its image is built when it is missing. */
  sidecar?: boolean;
}

/** The whole stack on the test engine, with the operator's folder on this machine. */
export class Lab {
  /** The operator's folder: session data below it, `./logs` and the like of further Compose files too. */
  readonly data: string;
  readonly stack: Stack;
  readonly secrets = { wpp: 'lab-wpp-secret', wrapper: 'lab-front-secret', backend: 'lab-backend-token' };
  readonly #services: readonly string[];
  readonly #ports = new Map<LabService, number>();
  #redis: Redis | null = null;

  constructor(options: LabOptions) {
    this.data = mkdtempSync(join(tmpdir(), `${options.project}-`));
    this.#services = options.services ?? [];
    this.stack = {
      project: options.project,
      files: [join(HERE, 'compose.yml'), ...(options.sidecar ? [join(CHECKOUT, 'docker-compose.override.yml'), join(HERE, 'compose.sidecar.yml')] : []), ...(options.files ?? [])],
      folder: this.data,
      env: {
        LAB_PROJECT: CHECKOUT, LAB_DATA: this.data,
        LAB_WPP_SECRET: this.secrets.wpp, LAB_WRAPPER_SECRET: this.secrets.wrapper, LAB_BACKEND_TOKEN: this.secrets.backend,
        ...(options.sidecar && this.#sidecarEnv()), ...options.env,
      },
    };
    for (const dir of ['wppconnect/userDataDir', 'wppconnect/tokens', 'gateway-wrapper', 'whaticket/sessions', 'world/wppconnect', 'world/whaticket']) {
      mkdirSync(join(this.data, dir), { recursive: true });
    }
  }

  /** Starts the stack and waits until every gateway of it answers. */
  async up(): Promise<void> {
    await this.compose('up', '-d', ...this.#services);
    await this.findPorts();
  }

  /** Removes containers, networks, volumes and the data folder. */
  async down(): Promise<void> {
    this.#redis?.disconnect();
    await this.compose('down', '-v', '--remove-orphans', '-t', '1');
    rmSync(this.data, { recursive: true, force: true });
  }

  /** `docker compose` on this stack: `lab.compose('restart', 'wppconnect-server')`. */
  compose(...args: string[]) {
    return composeStack(this.stack, ...args);
  }

  /** Published ports change when a container is restarted or recreated: call this after one. */
  async findPorts(): Promise<void> {
    const running = (await this.compose('ps', '--services', '--status', 'running')).stdout.split('\n');
    for (const [service, port] of Object.entries(PORTS) as [LabService, number][]) {
      if (!running.includes(service)) continue;
      const { stdout } = await this.compose('port', service, String(port));
      this.#ports.set(service, Number(stdout.trim().split(':').at(-1)));
      if (service in GATEWAYS) await until(`${service} to answer`, () => this.#control(service).calls(), UP_WITHIN_MS);
    }
  }

  /** Where this machine reaches a service of the stack. */
  url(service: LabService): string {
    const port = this.#ports.get(service);
    if (port === undefined) throw new Error(`${service} of the lab ${this.stack.project} is not running: call up() or findPorts() first`);
    return `${service === 'redis' ? 'redis' : 'http'}://127.0.0.1:${port}`;
  }

  /** Whether that service ran when its port was last looked for. */
  runs(service: LabService): boolean {
    return this.#ports.has(service);
  }

  /** The container's own name, which no other stack on the engine has. */
  containerOf(service: LabService): string {
    return `${this.stack.project}-${service}-1`;
  }

  get wpp(): Control {
    return this.#control('wppconnect-server');
  }

  get wrapper(): Control {
    return this.#control('gateway-wrapper');
  }

  get backend(): Control {
    return this.#control('whaticket-backend');
  }

  get redis(): Redis {
    return (this.#redis ??= new Redis(this.url('redis')));
  }

  /** What an operator of this stack writes into `.env` for the sidecar. */
  #sidecarEnv(): Record<string, string> {
    return {
      AUTO_FIX_SRC: CHECKOUT, DOCKER_SOCKET: testSocket(),
      AUTO_FIX_PORT: '0', // the engine chooses a free one
      AUTO_FIX_CONTAINERS: 'wppconnect-server,gateway-wrapper,whaticket-backend',
      WPPCONNECT_SECRET_KEY: this.secrets.wpp, WPP_GATEWAY_SECRET: this.secrets.wrapper,
      BACKEND_URL: 'http://whaticket-backend:8080', BACKEND_TOKEN: this.secrets.backend, BAILEYS_SESSIONS_DIR: '/sessions', REDIS_URL: `redis://redis:${REDIS_PORT}`,
    };
  }

  /** The log of one container as the engine holds it. */
  async logs(service: LabService): Promise<string> {
    const { stdout, stderr } = await this.compose('logs', '--no-log-prefix', '--no-color', service);
    return stdout + stderr;
  }

  profileOf = (session: string): string => join(this.data, 'wppconnect/userDataDir', session);
  tokenFileOf = (session: string): string => join(this.data, 'wppconnect/tokens', `${session}.data.json`);
  baileysFolderOf = (id: string): string => join(this.data, 'whaticket/sessions/1', id);

  /** Everything on disk of one session, for a comparison before and after. */
  snapshot = (folder: string): TreeSnapshot => snapshotTree(folder);
  snapshotKeys = (id: string): Promise<KeySnapshot> => snapshotKeys(this.redis, `sessions:${id}:`);

  #control = (service: LabService): Control => new Control(this.url(service));
}
