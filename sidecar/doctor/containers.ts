import type { Config } from '../config.ts';
import { nearest } from '../settings/nearest.ts';
import { WATCH_LABEL } from '../watch/containers.ts';
import { projectOf, serviceOf, type EngineView, type Inspected } from './engine-view.ts';
import { listed, note, ok, wrong, type Finding } from './finding.ts';

/** Which of the watched names exist and run. */
export function checkContainers({ listed: all, inspected }: EngineView, config: Config): Finding[] {
  const findings: Finding[] = [];
  const there = [...new Set(all.filter(({ Labels }) => !isSidecar(Labels ?? {})).map(({ Labels, Names }) => serviceOf(Labels) ?? Names[0]?.replace(/^\//, '') ?? ''))].filter(Boolean);
  for (const name of config.watch.containers) {
    if (inspected.some(({ watched }) => watched.name === name)) continue;
    const like = nearest(name, there);
    const todo = like ? `did you mean ${like}? Set AUTO_FIX_CONTAINERS` : `docker compose up -d ${name}, or take it out of AUTO_FIX_CONTAINERS`;
    const says = `there is no container or Compose service ${name} on this engine, so its lines are not read: ${todo} (there are: ${listed(there)})`;
    findings.push((inspected.length === 0 || isNeeded(name, config) ? wrong : note)('containers', says));
  }
  for (const { watched, info } of inspected) findings.push(...standing(watched.containerName, watched.name, info));
  return [...findings, ...namesakes(inspected)];
}

/** A container that a configured gateway is reached by. */
function isNeeded(name: string, { wppconnect, wrapper, backend }: Config): boolean {
  return [wppconnect, wrapper, backend].some((gateway) => gateway && new URL(gateway.url).hostname === name);
}

function standing(containerName: string, name: string, info: Inspected['info']): Finding[] {
  const { Status, Running, ExitCode } = info.State;
  if (Running && !info.State.Paused) return [ok('containers', `${name} runs (${containerName})`)];
  if (info.State.Paused) return [wrong('containers', `${name} is paused, so its sessions hang: docker unpause ${containerName}`)];
  return [wrong('containers', `${name} is ${Status} (code ${ExitCode}), so its sessions are down: docker start ${containerName}, and see docker logs --tail 50 ${containerName}`)];
}

function namesakes(inspected: readonly Inspected[]): Finding[] {
  const byName = Map.groupBy(inspected, ({ watched }) => watched.name);
  return [...byName].flatMap(([name, same]) => {
    const projects = new Set(same.map(({ info }) => projectOf(info.Config.Labels)));
    if (projects.size < 2) return [];
    return [wrong('containers', `${listed(same.map(({ watched }) => watched.containerName))} of different stacks are all called ${name}, so lines of a stranger's sessions are read too: name yours by its container name in AUTO_FIX_CONTAINERS`)];
  });
}

/** Drivers that the engine can read back for everybody; others keep a copy it can read since 20.10, unless that is off. */
const KEPT_HERE = ['json-file', 'local', 'journald'];

/** Whether logs can be read, and whether they are kept long enough. `refused` is what the engine said about a log. */
export function checkLogDrivers({ inspected }: EngineView, refused: ReadonlyMap<string, string>): Finding[] {
  return inspected.map(({ watched, info }) => {
    const { Type: driver = '', Config: options = {} } = info.HostConfig.LogConfig ?? {};
    const name = watched.name;
    const unreadable = refused.get(watched.id);
    if (driver === 'none' || unreadable !== undefined) {
      return wrong('logs', `the log of ${name} cannot be read (driver ${driver}${unreadable === undefined ? '' : `: ${unreadable}`}), so its faults stay unseen: give it logging: { driver: json-file, options: { max-size: 10m, max-file: "3" } } and make it anew`);
    }
    if (driver === 'json-file' && options['max-size'] === undefined) {
      return note('logs', `the log of ${name} grows without end (json-file without max-size) until the disk is full: give it logging: { driver: json-file, options: { max-size: 10m, max-file: "3" } } and make it anew`);
    }
    if (driver === 'json-file' && Number(options['max-file'] ?? 1) < 2) {
      return note('logs', `the log of ${name} has a single file, so each rotation throws everything away, read or not: set max-file: "3" and make it anew`);
    }
    return ok('logs', `the log of ${name} can be read (${driver}${KEPT_HERE.includes(driver) ? '' : ", the engine's own copy"})`);
  });
}

/** The sidecar's own label, by which its containers are told from others. */
export const isSidecar = (labels: Record<string, string>): boolean => serviceOf(labels) === 'auto-fix-sessions' || labels[WATCH_LABEL] === 'false';
