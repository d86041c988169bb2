/**
 * How a line is framed. A frame is written by the program, so inside one it is known where the program speaks
 * and where it quotes somebody: patterns look at `said` and at named fields, never at the raw line.
 */
export type Shape =
  | 'library' | 'server' | 'winston' | 'json' | 'tagged-json' | 'host' | 'chromium' | 'text';

export const SHAPES: readonly Shape[] = ['library', 'server', 'winston', 'json', 'tagged-json', 'host', 'chromium', 'text'];

export type Fields = Record<string, unknown>;

export interface Envelope {
  shape: Shape;
  /** What the program says: the text after the frame, or the message of a JSON line. */
  said: string;
  /** The program's own fields; null where the shape has none. */
  fields: Fields | null;
  /** The session a library line names in its prefix. */
  session: string | null;
}

const LEVEL = '(?:error|warn|info|http|verbose|debug|silly)';
const ISO = '\\d{4}-\\d\\d-\\d\\d[T ]\\d\\d:\\d\\d:\\d\\d(?:[.,]\\d{1,9})?(?:Z| ?[+-]\\d\\d:?\\d\\d)?';

// Every expression is anchored and its parts cannot match the same character, so none can run away.

/** `error:    [s1:browser] text` of the wppconnect library; a session name never holds a colon. */
const LIBRARY = new RegExp(`^${LEVEL}:\\s+\\[([^:]+):(?:client|browser|page|session)\\] `);
/** `info: 2026-11-22T04:26:12.709Z text` of wppconnect-server; the time is missing on some errors. */
const SERVER = new RegExp(`^${LEVEL}:\\s+(?:${ISO} )?`);
/** `2026-02-09T00:00:11.402Z [info]: text {json}` of gateway-wrapper. */
const WINSTON = new RegExp(`^${ISO} \\[[a-z]{3,8}\\]:? `);
/** `UPDATE {json}`: a host program that prints Baileys' connection updates; only these words, other text may be anybody's. */
const TAGGED_JSON = /^(UPDATE|connection\.update|[Cc]onnection update):? (?=\{)/;
/** `ERROR [wbot] text`, `ERROR [2026-02-09 10:14:03.120 +0000] [wbot] text` of Whaticket-style backends. */
const HOST = new RegExp(`^(?:\\[?${ISO}\\]? )?(?:ERROR|WARN|INFO|DEBUG|FATAL|error|warn|info|debug)(?: ?\\[${ISO}\\])?:? ?\\[[\\w .:/-]{1,40}\\]:? `);
/** `[32246:32246:1122/042445.084368:ERROR:chrome/browser/x.cc:367] text` of Chromium. */
const CHROMIUM = /^\[\d+:\d+:\d{4}\/\d{6}\.\d+:[A-Z]+:[\w./-]+[:(]\d+\)?\] /;

/** Reads the frame of a cleaned line. Costs a JSON parse for JSON lines, so ask the prefilter first. */
export function readEnvelope(text: string): Envelope {
  if (text.startsWith('{')) return ofJson(text);
  const library = LIBRARY.exec(text);
  if (library) return framed('library', text.slice(library[0].length), library[1]);
  const server = SERVER.exec(text);
  if (server) return ofServer(text, server[0].length);
  const winston = WINSTON.exec(text);
  if (winston) return ofWinston(text.slice(winston[0].length));
  const host = HOST.exec(text);
  if (host) return framed('host', text.slice(host[0].length));
  const chromium = CHROMIUM.exec(text);
  if (chromium) return framed('chromium', text.slice(chromium[0].length));
  const tagged = TAGGED_JSON.exec(text);
  const fields = tagged && parseObject(text.slice(tagged[0].length));
  if (tagged && fields) return { shape: 'tagged-json', said: tagged[1]!, fields, session: null };
  return framed('text', text);
}

function framed(shape: Shape, said: string, session: string | null = null): Envelope {
  return { shape, said, fields: null, session };
}

/** `error: [wbot] ...` is a host's line, not the server's: only a host writes a tag where the server writes its time. */
function ofServer(text: string, from: number): Envelope {
  const host = HOST.exec(text);
  return host ? framed('host', text.slice(host[0].length)) : framed('server', text.slice(from));
}

function ofJson(text: string): Envelope {
  const fields = parseObject(text);
  if (!fields) return framed('text', text);
  const said = fields['msg'] ?? fields['message'];
  return { shape: 'json', said: typeof said === 'string' ? said : '', fields, session: null };
}

/** The metadata starts at the first brace; where that does not parse, the line has a message and no fields. */
function ofWinston(rest: string): Envelope {
  const brace = rest.indexOf(' {');
  const fields = brace < 0 ? null : parseObject(rest.slice(brace + 1));
  return { shape: 'winston', said: fields ? rest.slice(0, brace) : rest, fields, session: null };
}

function parseObject(json: string): Fields | null {
  if (!json.endsWith('}')) return null;
  try {
    return JSON.parse(json) as Fields;
  } catch {
    // Cut off or not JSON after all: the caller falls back to reading it as plain text.
    return null;
  }
}
