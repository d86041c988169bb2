import { join } from 'node:path';
import { SOCKET_FILE } from '../report/http.ts';
import { connectSidecar, type SidecarClient } from '../report/client.ts';
import { CannotDo, type Io } from './command.ts';

/** The running sidecar of this state folder, or null. */
export function sidecarBeside(io: Io): Promise<SidecarClient | null> {
  const { stateDir, token } = io.config();
  return connectSidecar({ socket: join(stateDir, SOCKET_FILE), token });
}

/** The same where a command makes sense only with it. */
export async function needSidecar(io: Io): Promise<SidecarClient> {
  const client = await sidecarBeside(io);
  if (client) return client;
  throw new CannotDo(`no sidecar runs with the state folder ${io.config().stateDir}; start it (docker compose up -d auto-fix-sessions), or set AUTO_FIX_STATE_DIR to its folder`);
}
