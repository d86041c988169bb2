import { copyFileSync, chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { machineMirror } from './debian.ts';
import { LAB_HOME } from './places.ts';
import { must, run, which, type Say } from './shell.ts';

/**
 * The first Debian suite that has Compose v2 and buildx as client plugins (2.26.1 and 0.13.1, both run with the
 * bookworm engine). Nothing of it is installed into the system: the two files are taken out of their packages.
 */
const PLUGIN_SUITE = 'trixie';

const PLUGINS = [
  { verb: 'compose', file: 'docker-compose', package: 'docker-compose' },
  { verb: 'buildx', file: 'docker-buildx', package: 'docker-buildx' },
];

/** Puts the `docker` client into the lab's own folder and into PATH, where an engine answers and no client is installed. */
export async function ensureClient(say: Say): Promise<void> {
  if (which('docker')) return;
  const folder = join(LAB_HOME, 'bin');
  if (!existsSync(join(folder, 'docker'))) {
    await take(['docker-cli'], [{ from: 'usr/bin/docker', to: join(folder, 'docker') }], say);
  }
  process.env.PATH = `${folder}:${process.env.PATH ?? ''}`;
}

/** Puts the client plugins that are missing into `~/.docker/cli-plugins/`. */
export async function ensurePlugins(say: Say): Promise<void> {
  const missing = [];
  for (const plugin of PLUGINS) {
    if ((await run('docker', [plugin.verb, 'version'])).code !== 0) missing.push(plugin);
  }
  if (missing.length === 0) return;

  const home = join(homedir(), '.docker/cli-plugins');
  await take(
    missing.map((plugin) => plugin.package),
    missing.map(({ file }) => ({ from: join('usr/libexec/docker/cli-plugins', file), to: join(home, file) })),
    say,
  );
}

/** Takes single programs out of packages; each appears whole or not at all. */
async function take(packages: readonly string[], programs: readonly { from: string; to: string }[], say: Say): Promise<void> {
  const mirror = machineMirror();
  if (!mirror) throw new Error(`${packages.join(' and ')} missing, and this is no Debian with a mirror in its source list: install by hand`);
  say(`fetching ${packages.join(' and ')} (Debian ${PLUGIN_SUITE}, into ${dirname(programs[0]!.to)})`);
  mkdirSync(LAB_HOME, { recursive: true });
  const work = mkdtempSync(join(LAB_HOME, 'plugins-'));
  try {
    await downloadFrom(PLUGIN_SUITE, mirror.uri, packages, work);
    for (const { from, to } of programs) {
      const source = join(work, 'root', from);
      if (!existsSync(source)) throw new Error(`the packages ${packages.join(', ')} of ${PLUGIN_SUITE} hold no ${from} any more`);
      mkdirSync(dirname(to), { recursive: true });
      copyFileSync(source, `${to}.new`);
      chmodSync(`${to}.new`, 0o755);
      renameSync(`${to}.new`, to);
    }
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** Unpacks packages of another suite into `<work>/root`, through an apt that knows no other source. */
async function downloadFrom(suite: string, mirrorUri: string, packages: readonly string[], work: string): Promise<void> {
  const lists = join(work, 'lists');
  const state = join(work, 'state');
  for (const folder of [join(lists, 'partial'), state, join(work, 'cache/archives/partial'), join(work, 'root')]) mkdirSync(folder, { recursive: true });
  writeFileSync(join(work, 'sources.list'), `deb ${mirrorUri} ${suite} main\n`);
  writeFileSync(join(state, 'status'), '');
  const apart = [
    `Dir::Etc::sourcelist=${join(work, 'sources.list')}`, 'Dir::Etc::sourceparts=-', `Dir::State::lists=${lists}`,
    `Dir::State::status=${join(state, 'status')}`, `Dir::Cache=${join(work, 'cache')}`,
    // The folder is root's own: apt's unprivileged download user could not write there.
    'APT::Sandbox::User=root',
  ].flatMap((setting) => ['-o', setting]);
  await must('apt-get', [...apart, 'update', '-q']);
  await must('apt-get', [...apart, 'download', '-q', ...packages], { cwd: work });
  for (const name of readdirSync(work).filter((file) => file.endsWith('.deb'))) {
    await must('dpkg', ['-x', join(work, name), join(work, 'root')]);
  }
}
