import { readdir } from 'node:fs/promises';
import type { Config } from '../config.ts';
import type { Listing } from '../fleet/fleet.ts';
import { meetingKey, Roster } from '../fleet/roster.ts';
import { isPlainName, STAGING } from '../stores/names.ts';
import { listed, note, ok, wrong, type Finding } from './finding.ts';

const TOKEN_FILE = '.data.json';

/** What each layer knows of, in its own spelling; null where it was not asked or did not answer. */
export interface Layers {
  profiles: readonly string[] | null;
  tokens: readonly string[] | null;
  server: readonly string[] | null;
  channels: readonly string[] | null;
  backend: readonly string[] | null;
  folders: readonly string[] | null;
  keys: readonly string[] | null;
}

/** Where one layer is behind another, who should know it, and what follows from that. */
const MUST_KNOW: readonly { has: keyof Layers; lacks: readonly (keyof Layers)[]; says: (names: string) => string }[] = [
  { has: 'profiles', lacks: ['tokens'], says: (names) => `the profile folder of ${names} has no token file, so wppconnect-server does not list it and nobody starts or repairs it: start it once by hand, or move the folder away when it is a leftover` },
  { has: 'tokens', lacks: ['profiles'], says: (names) => `the token file of ${names} has no profile folder, so that session has no login here: scan its QR code, or move the token file away when it is a leftover` },
  { has: 'channels', lacks: ['server'], says: (names) => `gateway-wrapper lists ${names}, which wppconnect-server does not know: the channel can neither be looked at nor repaired; create the session, or take the channel out of the wrapper` },
  { has: 'server', lacks: ['channels'], says: (names) => `wppconnect-server has ${names}, for which gateway-wrapper lists no channel: its messages reach nobody through the wrapper; add the channel, or an alias in AUTO_FIX_ALIASES when it is there under another name` },
  { has: 'folders', lacks: ['backend'], says: (names) => `BAILEYS_SESSIONS_DIR holds a folder of ${names}, which the backend does not list: a leftover, or a session that was deleted there` },
  { has: 'keys', lacks: ['backend'], says: (names) => `Redis holds keys of ${names}, which the backend does not list: leftovers, or REDIS_SESSION_KEYS fits somebody else's keys` },
  { has: 'backend', lacks: ['folders', 'keys'], says: (names) => `the backend lists ${names}, of which neither folder nor Redis key is found: it was never paired, or BAILEYS_SESSIONS_DIR or REDIS_SESSION_KEYS is another place than the backend's` },
];

/** Sessions that one layer knows and another does not, both ways. `same` says whether two spellings mean one session. */
export function driftIn(layers: Layers, same: (a: string, b: string) => boolean): Finding[] {
  const found = MUST_KNOW.flatMap(({ has, lacks, says }) => {
    const names = layers[has];
    const others = lacks.map((layer) => layers[layer]).filter((list) => list !== null);
    if (names === null || others.length === 0) return [];
    const lonely = names.filter((name) => !others.some((list) => list.some((other) => same(name, other))));
    return lonely.length > 0 ? [note('drift', says(listed(lonely)))] : [];
  });
  const asked = Object.values(layers).filter((list) => list !== null).length;
  return found.length > 0 || asked < 2 ? found : [ok('drift', 'every layer knows the same sessions')];
}

export async function layersOf(listings: readonly Readonly<Listing>[], { wppconnect }: Config): Promise<Layers> {
  const of = (source: string) => listings.find((listing) => listing.source === source && listing.answeredAt !== null && listing.failure === null)?.names ?? null;
  const entries = async (dir: string | null | undefined) => (dir ? readdir(dir, { withFileTypes: true }).catch(() => null) : null);
  const [profiles, tokens] = [await entries(wppconnect?.userDataDir), await entries(wppconnect?.tokensDir)];
  return {
    profiles: profiles?.filter((entry) => entry.isDirectory() && entry.name !== STAGING).map(({ name }) => name) ?? null,
    tokens: tokens?.filter(({ name }) => name.endsWith(TOKEN_FILE)).map(({ name }) => name.slice(0, -TOKEN_FILE.length)).filter(isPlainName) ?? null,
    server: of('wppconnect'), channels: of('gateway-wrapper'), backend: of('whaticket'), folders: of('baileys-files'), keys: of('redis'),
  };
}

type Place = 'profiles' | 'tokens' | 'folders';

/** Layers that a setting puts in a place, and who must know what lies there. Folders may be empty: all keys can be in Redis. */
const PLACES: readonly { place: Place; owner: 'server' | 'backend'; mayBeEmpty: boolean; setting: string; what: string; who: string; folder(config: Config): string | null | undefined }[] = [
  { place: 'profiles', owner: 'server', mayBeEmpty: false, setting: 'WPPCONNECT_USER_DATA_DIR', what: 'profile', who: 'wppconnect-server', folder: ({ wppconnect }) => wppconnect?.userDataDir },
  { place: 'tokens', owner: 'server', mayBeEmpty: false, setting: 'WPPCONNECT_TOKENS_DIR', what: 'token file', who: 'wppconnect-server', folder: ({ wppconnect }) => wppconnect?.tokensDir },
  { place: 'folders', owner: 'backend', mayBeEmpty: true, setting: 'BAILEYS_SESSIONS_DIR', what: 'session folder', who: 'the backend', folder: ({ backend }) => backend?.sessionsDir },
];

/** Folders that hold nothing of any session their owner lists: not its folders. What does lie there is nobody's leftover, and is not called one. */
function elsewhere(layers: Layers, same: (a: string, b: string) => boolean, config: Config): { findings: Finding[]; layers: Layers } {
  const mistaken = PLACES.filter(({ place, owner, mayBeEmpty }) => {
    const [here, known] = [layers[place], layers[owner] ?? []];
    return here !== null && known.length > 0 && !(mayBeEmpty && here.length === 0) && !here.some((name) => known.some((other) => same(name, other)));
  });
  return {
    findings: mistaken.map(({ owner, setting, what, who, folder }) =>
      wrong('drift', `${folder(config)} holds no ${what} of ${listed(layers[owner]!)}, which ${who} lists, so another folder is mounted here than the one it uses: mount the same (auto-fix doctor --compose prints it) or correct ${setting}`)),
    layers: { ...layers, ...Object.fromEntries(mistaken.map(({ place }) => [place, null])) },
  };
}

/** Who is known at all, names that cannot be told apart, and aliases that name nobody. */
export async function checkSessions(listings: readonly Readonly<Listing>[], config: Config): Promise<Finding[]> {
  const complete = listings.every(({ answeredAt }) => answeredAt !== null);
  const roster = new Roster(listings, config.aliases, complete);
  const names = roster.names();
  const known = names.length > 0
    ? ok('sessions', `${names.length === 1 ? '1 session is' : `${names.length} sessions are`} known: ${listed(names)}`)
    : wrong('sessions', 'no gateway and no store lists any session, so every line is nobody\'s and nothing can be repaired: set WPPCONNECT_SECRET_KEY, WPP_GATEWAY_BASE_URL or BACKEND_URL, and see the lines about the gateway above');
  const same = (a: string, b: string) => a === b || (roster.resolve(a) ?? meetingKey(a)) === (roster.resolve(b) ?? meetingKey(b));
  const { findings, layers } = elsewhere(await layersOf(listings, config), same, config);
  const drift = driftIn(layers, same).filter(({ verdict }) => verdict !== 'ok' || findings.length === 0);
  return [known, ...roster.remarks.map((remark) => wrong('sessions', remark)), ...findings, ...drift];
}
