import { mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { JsonOut } from '../../../sidecar/report/json-out.ts';
import { Control } from '../control.ts';
import { startBaileysBackend } from '../stand-ins/baileys-backend.ts';
import { startWppconnectServer } from '../stand-ins/wppconnect-server.ts';
import { ownChildren } from './own-children.ts';
import { PrintedLines } from './printed-lines.ts';
import { startLocalRedis } from './redis.ts';
import { NAME, operatorsEnv, type Stage } from './stage.ts';

/** In front of the pid in the folder's name, so that leftovers tell that no container belongs to them. */
export const EMBEDDED = `${NAME}-embedded`;

const SECRETS = { wpp: 'demo-wpp-secret', backend: 'demo-backend-token' };

/** Everything in this process and its children: no Docker, a folder below the temporary one, loopback ports. */
export async function embeddedStage(): Promise<Stage> {
  const data = mkdtempSync(join(tmpdir(), `${EMBEDDED}-${process.pid}-`));
  const lines = new PrintedLines();
  const open: { stop(): Promise<void> }[] = [];
  const close = async (): Promise<void> => {
    await Promise.all(open.map((one) => one.stop()));
    rmSync(data, { recursive: true, force: true });
  };
  const kept = <T extends { stop(): Promise<void> } | null>(one: T): T => (one && open.push(one), one);
  try {
    const redis = kept(await startLocalRedis(data));
    const wpp = kept(await startWppconnectServer({
      port: 0, dir: join(data, 'wppconnect'), phonesFile: join(data, 'world/phones.json'), secret: SECRETS.wpp, seed: ['ImobSites', 'Pixel12 Digital'],
      out: lines.into('wppconnect-server', 'stdout'), exit: () => undefined,
    }));
    const backend = kept(await startBaileysBackend({
      port: 0, dir: join(data, 'whaticket/sessions'), worldDir: join(data, 'world/whaticket'), token: SECRETS.backend, sessions: [26, 27],
      redisUrl: redis?.socket, out: lines.into('whaticket-backend', 'stdout'), err: lines.into('whaticket-backend', 'stderr'),
    }));
    return {
      data, close,
      env: {
        ...operatorsEnv(data, SECRETS), AUTO_FIX_CONTAINERS: 'wppconnect-server,whaticket-backend',
        WPPCONNECT_URL: wpp.url, BACKEND_URL: backend.url, ...(redis && { REDIS_URL: `unix://${redis.socket}` }),
      },
      standIns: { watch: ({ deliver }) => lines.watchedBy(deliver), hands: ownChildren, out: nowhere() },
      wpp: new Control(wpp.url), backend: new Control(backend.url), redis: redis?.client ?? null,
      profileOf: (session) => join(data, 'wppconnect/userDataDir', session),
      baileysFolderOf: (id) => join(data, 'whaticket/sessions/1', id),
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** The JSON lines, which would stand between the ones a person reads. */
export const nowhere = (): JsonOut => new JsonOut(openSync('/dev/null', 'w'));
