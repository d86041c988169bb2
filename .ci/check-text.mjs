// Looks through every file that is or could be tracked for what must not stand in a public repository: the machine it was written on,
// the registries and mirrors that happened to be in reach, keys that look real.
import { execFileSync } from 'node:child_process';
import { lstatSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

// Each is split somewhere, so that this file passes its own check.
const FORBIDDEN = [
  { what: 'a registry or mirror host', text: /registry\.npm(?:js)|deb\.deb(?:ian)|(?<=\.)docker\.io|docker\.i(?:o)\/|artifactor(?:y)|pkg\.d(?:ev)/ },
  { what: 'a path of the machine it was written on', text: /(?<![\w.])\/(?:work|home\/\w+|Users\/\w+|root)\// },
  { what: 'a private key that may be real', text: /PRIVATE KEY-----\s*[A-Za-z0-9+/=]{60,}/ },
  { what: 'an unresolved merge', text: /^<{7} |^>{7} /m },
];

/** One line per finding: `file:line: what: the text`. */
export function findings(path, text) {
  return FORBIDDEN.flatMap(({ what, text: forbidden }) => {
    const hit = forbidden.exec(text);
    if (!hit) return [];
    const line = text.slice(0, hit.index).split('\n').length;
    return [`${path}:${line}: ${what}: ${text.slice(hit.index, hit.index + 60).split('\n')[0]}`];
  });
}

const root = fileURLToPath(new URL('..', import.meta.url));

function trackedFiles() {
  return execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], { cwd: root, encoding: 'utf8' })
    .split('\0')
    .filter((path) => path !== '' && lstatSync(join(root, path), { throwIfNoEntry: false })?.isFile());
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const found = trackedFiles().flatMap((path) => findings(path, readFileSync(join(root, path), 'latin1')));
  for (const line of found) process.stderr.write(`${line}\n`);
  process.exitCode = found.length > 0 ? 1 : 0;
}
