import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { must, which, type Say } from './shell.ts';

/** Where this machine gets its Debian packages from. */
export interface Mirror {
  uri: string;
  /** The suite the machine runs, such as `bookworm`. */
  suite: string;
}

/** The machine's own source files: `path` tells the format (`.sources` is deb822, `.list` one line each). */
export interface SourceFile {
  path: string;
  text: string;
}

/** The mirror of the machine's own suite out of its source files, or null: then nothing can be derived from it. */
export function mirrorOf(files: readonly SourceFile[], suite: string): Mirror | null {
  for (const { path, text } of files) {
    const entries = path.endsWith('.sources') ? deb822(text) : oneLine(text);
    const own = entries.find((entry) => entry.suites.includes(suite) && entry.components.includes('main'));
    const uri = own?.uris.find((candidate) => /^https?:\/\//.test(candidate));
    if (uri) return { uri: uri.replace(/\/+$/, ''), suite };
  }
  return null;
}

interface Entry {
  uris: string[];
  suites: string[];
  components: string[];
}

function oneLine(text: string): Entry[] {
  return text.split('\n').flatMap((line) => {
    const parts = /^\s*deb\s+(?:\[[^\]]*\]\s+)?(\S+)\s+(\S+)\s+([^#]+)/.exec(line);
    return parts ? [{ uris: [parts[1]!], suites: [parts[2]!], components: words(parts[3]!) }] : [];
  });
}

function deb822(text: string): Entry[] {
  const stanzas = text.split('\n').filter((line) => !line.startsWith('#')).join('\n').split(/\n\s*\n/);
  return stanzas.map((stanza) => {
    const field = (name: string) =>
      words(new RegExp(`^${name}:((?:.*)(?:\\n[ \\t].*)*)`, 'im').exec(stanza)?.[1] ?? '');
    const usable = field('Types').includes('deb') && !field('Enabled').includes('no');
    return usable ? { uris: field('URIs'), suites: field('Suites'), components: field('Components') }
      : { uris: [], suites: [], components: [] };
  });
}

const words = (text: string) => text.split(/\s+/).filter(Boolean);

/** This machine's own mirror, or null on anything that is not Debian or has no such source. */
export function machineMirror(): Mirror | null {
  const osRelease = readIfThere('/etc/os-release');
  const suite = /^VERSION_CODENAME="?([a-z]+)"?/m.exec(osRelease)?.[1];
  if (!suite || !/^ID="?debian"?$/m.test(osRelease)) return null;
  const folder = '/etc/apt/sources.list.d';
  const names = existsSync(folder) ? readdirSync(folder).sort() : [];
  const paths = ['/etc/apt/sources.list', ...names.map((name) => join(folder, name))];
  return mirrorOf(paths.map((path) => ({ path, text: readIfThere(path) })), suite);
}

const readIfThere = (path: string) => (existsSync(path) ? readFileSync(path, 'utf8') : '');

const NO_QUESTIONS = { DEBIAN_FRONTEND: 'noninteractive' };

/** Installs packages of the machine's own suite. Throws when this is not possible, and says why. */
export async function aptInstall(packages: readonly string[], say: Say): Promise<void> {
  if (!which('apt-get')) throw new Error(`apt-get is missing: install ${packages.join(', ')} by hand`);
  if (process.getuid?.() !== 0) throw new Error(`only root can install ${packages.join(', ')}: run as root, or install them`);
  say(`installing ${packages.join(', ')} (apt-get)`);
  const install = ['install', '-y', '--no-install-recommends', '-o', 'DPkg::Lock::Timeout=120', ...packages];
  try {
    await must('apt-get', install, { env: NO_QUESTIONS });
  } catch {
    // A fresh machine has no package lists, an old one has lists that name packages of the day before.
    await must('apt-get', ['update', '-q'], { env: NO_QUESTIONS });
    await must('apt-get', install, { env: NO_QUESTIONS });
  }
}
