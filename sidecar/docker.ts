import type Dockerode from 'dockerode';
import { requireDockerode } from './left-out.ts';

/**
 * A client for `DOCKER_HOST`: `unix:///path`, `tcp://host:port` or `ssh://host`. No API version is pinned: engine 29
 * refuses what is older than 1.44, engine 20.10 knows nothing above 1.41.
 */
export function dockerAt(host: string): Dockerode {
  const Client = requireDockerode<typeof Dockerode>();
  if (host.startsWith('unix://')) return new Client({ socketPath: host.slice('unix://'.length) });
  const url = new URL(host);
  if (url.protocol === 'ssh:') return new Client({ protocol: 'ssh', host: url.hostname, port: Number(url.port || 22), username: url.username });
  return new Client({ protocol: url.protocol === 'https:' ? 'https' : 'http', host: url.hostname, port: Number(url.port || 2375) });
}
