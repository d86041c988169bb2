import { hostileLine } from '../detect/hostile.ts';
import { seeded } from '../dice.ts';
import type { Case, Printed } from './recorded.ts';

/** Everyday lines of each kind of container, `{s}` a session of the case. */
const EVERYDAY: Record<string, readonly string[]> = {
  'wppconnect-server': [
    '{esc}[32mhttp{esc}[39m:     [{s}:client] Auto close remain: 40s', '{esc}[34mdebug{esc}[39m:    [{s}:client] Registering onMessage event',
    '{esc}[32minfo{esc}[39m: {iso} POST /api/{s}/send-message 201 12 ms', '', '    at Layer.handle [as handle_request] (/app/node_modules/express/lib/router/layer.js:95:5)',
  ],
  'gateway-wrapper': [
    '{iso} [info]: Received webhook event from WPPConnect {"sessionId":"{s}","eventType":"onack","correlationId":"6f0e"}',
    '{"level":"info","message":"Received webhook event from WPPConnect","sessionId":"{s}","eventType":"onpresencechanged"}',
    '{iso} [info]: Webhook event queued {"event":"connection.update","session":{"id":"{s}"},"connection":{"status":"unavailable"},"raw":{"payload":{"event":"onpresencechanged"}}}',
    '{iso} [info]: Webhook delivered successfully {"statusCode":200}',
  ],
  backend: [
    '{"level":30,"time":1772600000000,"sessionId":"{s}","msg":"connected to WA"}', 'INFO [wbot] whatsappId={s} message: see you at noon',
    '{"level":20,"sessionId":"{s}","recv":"xml","msg":"recv xml"}', 'Decrypted message with closed session.',
  ],
};

/** How much a recording is stretched at most: gaps only grow, and no burst of the corpus grows out of five minutes. */
const MOST_STRETCH = 0.08;

/**
 * The same situation told otherwise: other names, another moment, slower, among other lines, containers in another
 * order. The decisions that are right stay the same.
 */
export function variant(situation: Case & { file: string }, seed: number): Case {
  const random = seeded(seed);
  const stretch = 1 + random() * MOST_STRETCH;
  const shift = Math.floor(random() * 5_000);
  const rename = renamer(situation, `${'qwzk'[Math.floor(random() * 4)]}${Math.floor(random() * 90) + 10}`);
  const moved = (seconds: number) => shift + seconds * stretch;
  const log = Object.entries(situation.log).map(([container, printed]) => [container, [
    ...printed.map((one) => moveAndRename(one, moved, stretch, rename)),
    ...noise(container, situation, rename, moved, random),
  ]] as const);
  if (random() < 0.5) log.reverse();
  return {
    ...situation,
    name: `${situation.name} (seed ${seed})`,
    sessions: situation.sessions.map(rename.name),
    ...(situation.containers ? { containers: Object.fromEntries(Object.entries(situation.containers).map(([name, all]) => [name, all.map(rename.name)])) } : {}),
    ...(situation.peers ? { peers: Object.fromEntries(Object.entries(situation.peers).map(([peer, session]) => [peer, rename.name(session)])) } : {}),
    log: Object.fromEntries(log),
    right: situation.right.map((one) => ({ ...one, session: one.session && rename.name(one.session), ...(one.at === undefined ? {} : { at: moved(one.at) }) })),
  };
}

function moveAndRename(one: Printed, moved: (seconds: number) => number, stretch: number, rename: Renamer): Printed {
  const say = one.say.map(rename.text);
  if (one.at) return { at: one.at.map(moved), say };
  return { from: moved(one.from ?? 0), every: (one.every ?? 0) * stretch, times: one.times ?? 1, say };
}

function noise(container: string, { sessions }: Case, rename: Renamer, moved: (seconds: number) => number, random: () => number): Printed[] {
  const kinds = EVERYDAY[container] ?? [];
  // Hostile text stands in frames of the wrapper and the server; a backend has frames of its own.
  const frames = container === 'wppconnect-server' ? /^(?:info|error):/ : container === 'backend' ? /^(?:\{"level":30|INFO|ERROR)/ : /^(?:\{"level":"|\d{4})/;
  return Array.from({ length: 60 }, () => {
    let text = hostileLine(random);
    const session = rename.name(sessions[Math.floor(random() * sessions.length)]!);
    if (!frames.test(text) || random() < 0.7) text = kinds[Math.floor(random() * kinds.length)]!.replaceAll('{s}', session);
    return { at: [moved(random() * 300)], say: [text] };
  });
}

interface Renamer {
  name(name: string): string;
  text(text: string): string;
}

/** New names by a prefix, in every spelling a line uses; the corpus of names keeps its own. */
function renamer({ file, sessions }: Case & { file: string }, prefix: string): Renamer {
  if (file === 'names.yaml') return { name: (name) => name, text: (text) => text };
  const isNumber = (name: string) => /^\d+$/.test(name);
  const digits = String(prefix.charCodeAt(0));
  const known = new Set(sessions.map((name) => name.toLowerCase()));
  const rules = [...known].map((name) => ({
    find: isNumber(name) ? new RegExp(`(["=:])(${name})(?=[",\\s}])`, 'g') : new RegExp(`(^|[^\\w-])(${name})(?![\\w-])`, 'gi'),
    put: isNumber(name) ? `$1${digits}$2` : `$1${prefix}-$2`,
  }));
  return {
    name: (name) => (!known.has(name.toLowerCase()) ? name : isNumber(name) ? `${digits}${name}` : `${prefix}-${name}`),
    text: (text) => rules.reduce((renamed, { find, put }) => renamed.replace(find, put), text),
  };
}
