import { own } from './detect/own.ts';

/**
 * Takes out of a text what must not be stored, logged, sent or shown: keys, tokens, secrets in addresses, phone
 * numbers, what people wrote, QR codes. Names of sessions stay. Redacting twice changes nothing more.
 * Every expression is linear: no part of one can match what its neighbour matches.
 */
export function redact(text: string): string {
  return RULES.reduce((clean, [expression, replacement]) => clean.replace(expression, replacement as string), hideQuoted(text));
}

/** Longer evidence tells an operator nothing more. */
const LONGEST_EVIDENCE = 200;
/** A line may have megabytes; more than this never reaches the evidence even when much of it is redacted. */
const LOOKED_AT = 2_000;

/** One redacted line of at most 200 characters without control characters: safe to store, log and show. */
export function evidenceOf(text: string): string {
  const clean = redact(oneLine(text.slice(0, LOOKED_AT)));
  return own(clean.length > LONGEST_EVIDENCE ? `${clean.slice(0, LONGEST_EVIDENCE - 1)}…` : clean);
}

/** A name out of a log line, fit to be shown: no control characters, at most 80 characters. */
export function showable(name: string): string {
  const clean = oneLine(name.slice(0, 200));
  return own(clean.length > 80 ? `${clean.slice(0, 79)}…` : clean);
}

// oxlint-disable-next-line no-control-regex
const oneLine = (text: string): string => text.replace(/[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g, ' ').trimEnd();

/** Fields whose text people wrote or that show a QR. */
const WRITTEN = 'body|caption|conversation|text|content|description|title|comment|quotedMsg|matchedText|pushName|pushname|notifyName|verifiedName|formattedName|shortName|qr|qrcode|urlcode|urlCode|catchLink|base64|base64Qr|jpegThumbnail|thumbnail';
/** Names of fields that hold a secret, or what these names end in: `secretKey`, `X-Gateway-Secret`. */
const SECRET = '(?:secret|secretkey|token|password|passwd|apikey|api_key|api-key|authorization|cookie|privkey|privatekey|rootkey|chainkey|mediakey|noisekey|advsecretkey)';

/** `"body":"`, with as many backslashes before each quote as the JSON is deep inside JSON strings. */
const QUOTED_FIELD = new RegExp(`(?<!\\\\)(\\\\{0,31})"(?:${WRITTEN}|[\\w-]{0,30}${SECRET})\\1"\\s{0,4}:\\s{0,4}\\1"`, 'gi');

const HIDDEN = '[redacted]';
const NUMBER = '[number]';

type Replacement = string | ((...match: string[]) => string);

const RULES: readonly (readonly [RegExp, Replacement])[] = [
  [/-----BEGIN [A-Z ]{3,40}-----[^-]*(?:-----END [A-Z ]{3,40}-----)?/g, HIDDEN],
  [/<Buffer(?: [0-9a-f]{2})+[^>]{0,40}>?/g, `<Buffer ${HIDDEN}>`],
  [/data:[\w.+-]+\/[\w.+-]+;base64,[\w+/=-]*/g, HIDDEN],
  // What console.log prints of an object; an unclosed text ends with the line.
  [new RegExp(`((?:\\b(?:${WRITTEN})|${SECRET})):\\s{1,4}(?:'(?:[^'\\\\]|\\\\.)*'?|"(?:[^"\\\\]|\\\\.)*"?|\`[^\`]*\`?)`, 'gi'), (_all, field) => `${field}: ${HIDDEN}`],
  [/\b(Bearer|Basic)\s+[^\s"',;]+/gi, (_all, scheme) => `${scheme} ${HIDDEN}`],
  [new RegExp(`(${SECRET})(\\s{0,2}[=:]\\s{0,2})(?!\\[redacted\\]|Bearer|Basic|<Buffer)[^\\s"'&,;\\]})]+`, 'gi'), (_all, field, sign) => `${field}${sign}${HIDDEN}`],
  [/([?&](?:key|sig|signature|auth|code|session_key)=)[^\s"'&#]+/gi, `$1${HIDDEN}`],
  [/(\b[a-z][a-z0-9+.-]{1,20}:\/\/)[^\s/@"']{1,200}@/gi, `$1${HIDDEN}@`],
  // wppconnect-server takes its secret as a part of these paths.
  [/(\/api\/)[^/\s"']+(\/(?:show-all-sessions|start-all|backup-sessions|restore-sessions))\b/g, `$1${HIDDEN}$2`],
  [/(\/api\/[^/\s"']+\/)[^/\s"']+(\/(?:generate-token|clear-session-data))\b/g, `$1${HIDDEN}$2`],
  [/THISISMYSECURETOKEN/g, HIDDEN],
  [/\beyJ[\w-]{8,}(?:\.[\w-]+){0,4}/g, HIDDEN],
  [/\$2[abxy]\$\d\d\$[./\w-]{20,}/g, HIDDEN],
  [/\b[12]@[A-Za-z0-9+/=,_-]{20,}/g, HIDDEN],
  [/[A-Za-z0-9+/]{40,}={0,2}/g, (run) => (isKeyMaterial(run) ? HIDDEN : run)],
  [/\b\d{5,20}(?:-\d{5,12})?(?:[:_]\d{1,3})?(?:\.\d{1,3})?(@(?:c\.us|s\.whatsapp\.net|g\.us|lid|hosted(?:\.lid)?|broadcast|newsletter)\b)/g, `${NUMBER}$1`],
  [/(?<![\w.])\d{8,20}(?:_\d{1,3})?\.(\d{1,3})(?![\w.])/g, `${NUMBER}.$1`],
  [/\+\d[\d ().-]{7,18}\d(?!\w)/g, NUMBER],
  [/(?<![\w.:-])\d{10,15}(?![\w:])/g, NUMBER],
  [/\(\d{2}\) ?9?\d{4}-?\d{4}(?!\w)/g, NUMBER],
];

/** Hides the texts of JSON fields, also of JSON inside JSON strings; an unclosed text ends with the line. */
function hideQuoted(text: string): string {
  if (!text.includes('"')) return text;
  let clean = '';
  let from = 0;
  const fields = new RegExp(QUOTED_FIELD);
  for (let field = fields.exec(text); field; field = fields.exec(text)) {
    const start = fields.lastIndex;
    const end = endOfQuoted(text, start, field[1]!.length);
    clean += text.slice(from, start) + HIDDEN;
    fields.lastIndex = from = end;
  }
  return clean + text.slice(from);
}

/**
 * Where the text that began at `start` ends. A quote that closes has the same backslashes as the one that opened,
 * besides pairs of escaped backslashes that belong to the text; a quote inside the text has more.
 */
function endOfQuoted(text: string, start: number, depth: number): number {
  let backslashes = 0;
  for (let at = start; at < text.length; at++) {
    const char = text.charCodeAt(at);
    if (char === 0x22 && backslashes >= depth && (backslashes - depth) % (2 * (depth + 1)) === 0) return at - depth;
    backslashes = char === 0x5c ? backslashes + 1 : 0;
  }
  return text.length;
}

/** Keys mix cases and digits; a path of the same length has a slash every few characters. */
function isKeyMaterial(run: string): boolean {
  const slashes = run.split('/').length - 1;
  return /[a-z]/.test(run) && /[A-Z]/.test(run) && /\d/.test(run) && slashes * 10 <= run.length;
}
