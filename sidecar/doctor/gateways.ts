import { hostname } from 'node:os';
import type { Config } from '../config.ts';
import { GatewayError, type Gateway } from '../gateways/gateway.ts';
import type { EngineView } from './engine-view.ts';
import { ok, note, wrong, type Finding } from './finding.ts';

/** wppconnect-server's own default, known to everybody [src]. */
const DEFAULT_SECRET = 'THISISMYSECURETOKEN';

/** Whether each configured gateway answers at its address and takes our secret; its list is all that is asked for. */
export async function checkGateways(gateways: readonly Gateway[], config: Config, view: EngineView | null): Promise<Finding[]> {
  const findings = await Promise.all(gateways.map((gateway) => checkGateway(gateway, config, view)));
  return findings.flat();
}

async function checkGateway(gateway: Gateway, config: Config, view: EngineView | null): Promise<Finding[]> {
  const { url, setting, name } = placeOf(gateway, config);
  try {
    const found = await gateway.list();
    const answers = ok('gateway', `${name} answers at ${new URL(url).host}, takes our secret and lists ${found.length === 1 ? '1 session' : `${found.length} sessions`}`);
    const isDefault = gateway.kind === 'wppconnect' && config.wppconnect?.secret?.reveal() === DEFAULT_SECRET;
    return isDefault ? [answers, note('gateway', 'wppconnect-server still has its default secret, so whoever reaches its port owns every session: set SECRET_KEY there and WPPCONNECT_SECRET_KEY here')] : [answers];
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error;
    return [wrong('gateway', explain(error, { url, setting, name }, view))];
  }
}

interface Place { url: string; setting: string; name: string }

/** The list is the one request every such gateway has: without it, something else answers. */
function explain(error: GatewayError, { url, setting, name }: Place, view: EngineView | null): string {
  if (error.fault === 'not-found') return `what answers at ${new URL(url).host} has no list of sessions (404), so it is not ${name}, probably another service's port: correct ${setting}`;
  const code = (error.cause as { code?: string } | undefined)?.code ?? '';
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return `${error.message}${whereItIs(new URL(url).hostname, setting, view)}`;
  return error.message;
}

function placeOf({ kind }: Gateway, { wppconnect, wrapper, backend }: Config): Place {
  if (kind === 'wppconnect') return { url: wppconnect!.url, setting: 'WPPCONNECT_URL', name: 'wppconnect-server' };
  if (kind === 'gateway-wrapper') return { url: wrapper!.url, setting: 'WPP_GATEWAY_BASE_URL', name: 'gateway-wrapper' };
  return { url: backend!.url, setting: 'BACKEND_URL', name: 'the backend' };
}

/** A name that DNS does not know: where the container of that name is, and where we are. */
function whereItIs(host: string, setting: string, view: EngineView | null): string {
  const named = view?.inspected.find(({ watched, info }) => watched.name === host || watched.containerName === host || info.Config.Hostname === host);
  if (!view || !named) return '';
  const theirs = Object.keys(named.info.NetworkSettings.Networks);
  const us = view.listed.find(({ Id }) => Id.startsWith(hostname()));
  if (!us) return ` (its container ${named.watched.containerName} is in the network ${theirs.join(', ')}; this command runs outside of Docker, where container names are not known: run it in the container with docker compose exec auto-fix-sessions auto-fix doctor, or set ${setting} to a published port)`;
  const ours = Object.keys(us.NetworkSettings.Networks);
  if (ours.some((network) => theirs.includes(network))) return named.info.State.Running ? '' : ` (its container ${named.watched.containerName} does not run)`;
  return ` (its container is in the network ${theirs.join(', ')}, this sidecar in ${ours.join(', ')}: auto-fix doctor --compose prints the right one)`;
}
