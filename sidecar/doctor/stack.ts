import { hostname } from 'node:os';
import type Dockerode from 'dockerode';
import { COMPOSE, inspectContainer, inspectNetwork, inspectVolume, projectOf, serviceOf, type EngineView } from './engine-view.ts';

export type Kind = 'wppconnect' | 'gateway-wrapper' | 'whaticket' | 'redis';

/** A container of the stack, as far as the sidecar needs it. */
export interface Service {
  kind: Kind;
  /** The name by which others reach it. */
  name: string;
  port: number;
  /** Folders of sessions: where each is in that container, and what is mounted there. */
  mounts: Mount[];
}

export interface Mount {
  /** A path of the host, or the key of a volume. */
  source: string;
  target: string;
}

/** A network or volume under the key a Compose file of this project gives it; with `external`, under its full name. */
export interface Named { key: string; external: string | null }

export interface Stack {
  services: Service[];
  networks: Named[];
  volumes: Named[];
  /** The stack uses the host's network, or the default bridge, where names are not known. */
  mode: 'networks' | 'host' | 'bridge';
  /** The engine's socket on the host; null where DOCKER_HOST is no socket. */
  socket: string | null;
  watched: string[];
}

/** Their own ports where neither image nor settings name one [src]. */
const PORTS: Record<Kind, number> = { wppconnect: 21465, 'gateway-wrapper': 3000, whaticket: 8080, redis: 6379 };
/** What holds sessions in the containers of such gateways. */
const SESSION_FOLDER = /userDataDir|tokens|\/wpp-server$|\/sessions$|\/private$/i;
const REDIS_IMAGE = /(^|\/)(redis|valkey)(:|@|$)/;

/** The running stack around the watched containers. Rejects with the engine's error. */
export async function stackOf(docker: Dockerode, host: string, { listed, inspected }: EngineView): Promise<Stack> {
  const watched = inspected.map(({ watched: { name }, info }) => ({ name, info, kind: kindOf(name, info) })).filter((one) => one.kind !== null);
  const server = watched.find(({ kind }) => kind === 'wppconnect') ?? watched.find(({ kind }) => kind === 'whaticket') ?? watched[0];
  const project = projectOf(server?.info.Config.Labels);
  const joined = [...new Set(watched.flatMap(({ info }) => Object.keys(info.NetworkSettings.Networks)))];
  const redis = await redisBeside(docker, listed, joined);
  const volumes = new Map<string, Named>();
  const services: Service[] = [];
  for (const { name, info, kind } of [...watched, ...redis]) {
    const mounts = kind === 'wppconnect' || kind === 'whaticket' ? await sessionMounts(docker, info, project, volumes) : [];
    services.push({ kind: kind!, name, port: portOf(info, kind!), mounts });
  }
  const mode = joined.includes('host') ? 'host' : joined.length > 0 && joined.every((network) => network === 'bridge') ? 'bridge' : 'networks';
  const own: Named = { key: 'default', external: null };
  const networks = mode !== 'networks' ? [] : joined.length === 0 ? [own] : await Promise.all(joined.map((network) => networkOf(docker, network, project)));
  return { services, networks, volumes: [...volumes.values()], mode, socket: await socketOnHost(docker, host, listed), watched: [...new Set(inspected.map(({ watched: { name } }) => name))] };
}

function kindOf(name: string, { Config: config, Mounts }: Dockerode.ContainerInspectInfo): Kind | null {
  const known = `${name} ${config.Image}`;
  if (/gateway-wrapper/.test(known)) return 'gateway-wrapper';
  if (/wppconnect|wpp-server/.test(known) || Mounts.some(({ Destination }) => /userDataDir/i.test(Destination))) return 'wppconnect';
  if (/whaticket|ticketz|backend/i.test(known)) return 'whaticket';
  return null;
}

async function redisBeside(docker: Dockerode, listed: readonly Dockerode.ContainerInfo[], networks: readonly string[]): Promise<{ name: string; info: Dockerode.ContainerInspectInfo; kind: Kind }[]> {
  const found = listed.filter(({ Image, State, NetworkSettings }) => State === 'running' && REDIS_IMAGE.test(Image) && Object.keys(NetworkSettings.Networks).some((network) => networks.includes(network)));
  return Promise.all(found.slice(0, 1).map(async ({ Id, Labels, Names }) => ({ name: serviceOf(Labels) ?? Names[0]!.slice(1), info: await inspectContainer(docker, Id), kind: 'redis' as const })));
}

function portOf({ Config: config }: Dockerode.ContainerInspectInfo, kind: Kind): number {
  const set = config.Env?.find((entry) => /^PORT=\d+$/.test(entry))?.slice('PORT='.length);
  const exposed = Object.keys(config.ExposedPorts ?? {}).filter((port) => port.endsWith('/tcp')).map((port) => Number.parseInt(port, 10));
  if (exposed.includes(PORTS[kind])) return PORTS[kind];
  return Number(set ?? exposed[0] ?? PORTS[kind]);
}

async function sessionMounts(docker: Dockerode, info: Dockerode.ContainerInspectInfo, project: string | null, volumes: Map<string, Named>): Promise<Mount[]> {
  const mounts: Mount[] = [];
  for (const { Type, Name, Source, Destination } of info.Mounts) {
    if (!SESSION_FOLDER.test(Destination)) continue;
    if (Type !== 'volume' || Name === undefined) {
      mounts.push({ source: Source, target: Destination });
      continue;
    }
    const volume = await inspectVolume(docker, Name).catch(() => null);
    const named = keyed(Name, volume?.Labels ?? {}, COMPOSE.volume, project);
    volumes.set(Name, named);
    mounts.push({ source: named.key, target: Destination });
  }
  return mounts;
}

async function networkOf(docker: Dockerode, name: string, project: string | null): Promise<Named> {
  const network = await inspectNetwork(docker, name).catch(() => null);
  return keyed(name, network?.Labels ?? {}, COMPOSE.network, project);
}

/** What Compose made for this very project has a key in its file; all else is named in full. */
function keyed(name: string, labels: Record<string, string>, label: string, project: string | null): Named {
  const key = labels[label];
  if (key !== undefined && project !== null && projectOf(labels) === project) return { key, external: null };
  // Compose keys take no other characters, and a volume without a name of its own has 64 digits.
  return { key: `its-${name.replace(/[^\w.-]/g, '-').slice(0, 30)}`, external: name };
}

/** Inside a container the socket has the path of its mount; the file that is printed needs the one on the host. */
async function socketOnHost(docker: Dockerode, host: string, listed: readonly Dockerode.ContainerInfo[]): Promise<string | null> {
  if (!host.startsWith('unix://')) return null;
  const path = host.slice('unix://'.length);
  const us = listed.find(({ Id }) => Id.startsWith(hostname()));
  if (!us) return path;
  const { Mounts } = await inspectContainer(docker, us.Id);
  return Mounts.find(({ Destination }) => Destination === path || Destination.replace(/^\/var\/run\//, '/run/') === path.replace(/^\/var\/run\//, '/run/'))?.Source ?? path;
}
