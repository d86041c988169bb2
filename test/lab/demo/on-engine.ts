import { fileURLToPath } from 'node:url';
import { DockerHands } from '../../../sidecar/repair/container-hands.ts';
import { Watcher } from '../../../sidecar/watch/watcher.ts';
import { Lab } from '../lab.ts';
import { nowhere } from './embedded.ts';
import { oneProject } from './one-project.ts';
import { NAME, operatorsEnv, type Stage } from './stage.ts';

const AS_USER = fileURLToPath(new URL('compose.user.yml', import.meta.url));

/** The lab's Compose stack on the engine at that socket. Ends the half of it that came up when it cannot come up whole. */
export async function engineStage(socket: string, until: AbortSignal): Promise<Stage> {
  const lab = new Lab({ project: `${NAME}-${process.pid}`, files: [AS_USER], env: { DEMO_USER: `${process.getuid!()}:${process.getgid!()}` } });
  try {
    await lab.up();
    until.throwIfAborted();
  } catch (error) {
    await lab.down();
    throw error;
  }
  const docker = oneProject(socket, lab.stack.project);
  return {
    data: lab.data, wpp: lab.wpp, backend: lab.backend, redis: lab.redis,
    env: {
      ...operatorsEnv(lab.data, lab.secrets), DOCKER_HOST: `unix://${socket}`, AUTO_FIX_CONTAINERS: 'wppconnect-server,gateway-wrapper,whaticket-backend',
      WPPCONNECT_URL: lab.url('wppconnect-server'), WPP_GATEWAY_BASE_URL: lab.url('gateway-wrapper'), WPP_GATEWAY_SECRET: lab.secrets.wrapper,
      BACKEND_URL: lab.url('whaticket-backend'), REDIS_URL: lab.url('redis'),
    },
    standIns: { watch: (options) => new Watcher({ docker, ...options }), hands: new DockerHands(docker), out: nowhere() },
    profileOf: lab.profileOf, baileysFolderOf: lab.baileysFolderOf,
    close: () => lab.down(),
  };
}
