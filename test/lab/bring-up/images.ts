import { spawn } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import { aptInstall, machineMirror, type Mirror } from './debian.ts';
import { LAB_HOME } from './places.ts';
import { must, run, which, type Say } from './shell.ts';
import { bareRoot, installNode, ownCertificates } from './root-fs.ts';

export const NODE_IMAGE = 'node:24-bookworm-slim';
export const REDIS_IMAGE = 'redis:7-bookworm';
/** A shell in 2 MB, for log writers and private engines, where 200 MB a copy would be the slow part of a test. */
export const BUSYBOX_IMAGE = 'busybox:1.36';

/** A registry that answers says so at once; one that cannot be reached must not cost the run. */
const FIRST_WORD_MS = 15_000;
/** 80 MB over a slow line. */
const PULL_MS = 5 * 60_000;

/** Makes the base images that are missing on that engine: pulled where a registry answers, else made from Debian packages. */
export async function ensureImages(socket: string, say: Say): Promise<void> {
  const docker = (...args: string[]) => ['-H', `unix://${socket}`, ...args];
  const missing: string[] = [];
  for (const image of [BUSYBOX_IMAGE, NODE_IMAGE, REDIS_IMAGE]) {
    const there = await run('docker', docker('image', 'inspect', image));
    if (there.code !== 0 && !(await pull(socket, image, say))) missing.push(image);
  }
  if (missing.length === 0) return;

  const mirror = machineMirror();
  if (!mirror) throw new Error(`no registry answers and this is no Debian with a mirror in its source list: load ${missing.join(', ')} by hand`);
  mkdirSync(LAB_HOME, { recursive: true });
  const work = mkdtempSync(join(LAB_HOME, 'images-'));
  try {
    if (missing.includes(BUSYBOX_IMAGE)) await makeBusybox(work, socket, say);
    if (missing.length > 1 || !missing.includes(BUSYBOX_IMAGE)) await makeBookworm(work, socket, mirror, missing, say);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** True when the image is there afterwards. */
function pull(socket: string, image: string, say: Say): Promise<boolean> {
  return new Promise((resolve) => {
    const child = spawn('docker', ['-H', `unix://${socket}`, 'pull', image], { stdio: ['ignore', 'pipe', 'ignore'] });
    let timer = setTimeout(() => child.kill('SIGKILL'), FIRST_WORD_MS);
    child.stdout.once('data', () => {
      say(`pulling ${image}`);
      clearTimeout(timer);
      timer = setTimeout(() => child.kill('SIGKILL'), PULL_MS);
    });
    const end = (pulled: boolean) => {
      clearTimeout(timer);
      resolve(pulled);
    };
    child.once('error', () => end(false));
    child.once('close', (code) => end(code === 0));
  });
}

async function makeBusybox(work: string, socket: string, say: Say): Promise<void> {
  say(`making ${BUSYBOX_IMAGE} from the Debian package busybox-static`);
  const root = join(work, 'busybox');
  mkdirSync(join(root, 'bin'), { recursive: true });
  mkdirSync(join(root, 'tmp'));
  const unpacked = join(work, 'busybox-deb');
  mkdirSync(unpacked);
  const download = () => must('apt-get', ['-o', 'APT::Sandbox::User=root', 'download', 'busybox-static'], { cwd: unpacked });
  await download().catch(async () => {
    await must('apt-get', ['update', '-q']);
    await download();
  });
  await must('sh', ['-c', 'dpkg -x ./*.deb .'], { cwd: unpacked });
  const binary = [join(unpacked, 'bin/busybox'), join(unpacked, 'usr/bin/busybox')].find((path) => existsSync(path));
  if (!binary) throw new Error('the package busybox-static holds no busybox any more');
  cpSync(binary, join(root, 'bin/busybox'));
  const { stdout } = await must(binary, ['--list']);
  for (const applet of stdout.split('\n').filter((name) => name && name !== 'busybox')) {
    symlinkSync('busybox', join(root, 'bin', applet));
  }
  await importRoot(root, BUSYBOX_IMAGE, socket, ['CMD ["sh"]']);
}

async function makeBookworm(work: string, socket: string, mirror: Mirror, missing: string[], say: Say): Promise<void> {
  if (!which('debootstrap')) await aptInstall(['debootstrap'], say);
  const root = join(work, 'bookworm');
  say('making a Debian bookworm root file system (debootstrap, about 30 s)');
  await bareRoot(root, mirror.uri);
  const certificates = ownCertificates(root);

  if (missing.includes(REDIS_IMAGE)) {
    const redisRoot = join(work, 'redis');
    await must('cp', ['-a', root, redisRoot]);
    say(`making ${REDIS_IMAGE} (the same root file system with redis-server)`);
    await installRedis(redisRoot);
    await importRoot(redisRoot, REDIS_IMAGE, socket, [
      'ENTRYPOINT ["docker-entrypoint.sh"]', 'CMD ["redis-server"]', 'EXPOSE 6379', 'WORKDIR /data', ...certificates,
    ]);
    rmSync(redisRoot, { recursive: true, force: true });
  }
  if (missing.includes(NODE_IMAGE)) {
    say(`making ${NODE_IMAGE} (the same root file system with Node 24 and npm)`);
    await installNode(root);
    await importRoot(root, NODE_IMAGE, socket, ['CMD ["node"]', ...certificates]);
  }
}

/** Like the public image, Redis listens for the other containers of its network, which its protected mode refuses. */
const REDIS_ENTRYPOINT = `#!/bin/sh
set -e
case "\${1:-}" in -*) set -- redis-server "$@" ;; esac
if [ "\${1:-}" = redis-server ]; then set -- "$@" --protected-mode no; fi
exec "$@"
`;

async function installRedis(root: string): Promise<void> {
  const inside = (...args: string[]) => must('chroot', [root, ...args], { env: { DEBIAN_FRONTEND: 'noninteractive', PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' } });
  // 101 is "not allowed" in Debian's own words: a chroot starts no service.
  writeFileSync(join(root, 'usr/sbin/policy-rc.d'), '#!/bin/sh\nexit 101\n', { mode: 0o755 });
  await inside('apt-get', 'install', '-y', '-q', '--no-install-recommends', 'redis-server');
  await inside('apt-get', 'clean');
  rmSync(join(root, 'usr/sbin/policy-rc.d'));
  writeFileSync(join(root, 'usr/local/bin/docker-entrypoint.sh'), REDIS_ENTRYPOINT, { mode: 0o755 });
  mkdirSync(join(root, 'data'));
}

/** Streams a root file system into the engine as an image. */
async function importRoot(root: string, image: string, socket: string, changes: readonly string[]): Promise<void> {
  const flags = changes.map((change) => `--change '${change}'`).join(' ');
  await must('sh', ['-c', `tar -C "$1" --exclude=./proc/* --exclude=./sys/* -c . | docker -H "unix://$2" import ${flags} - "$3"`, 'sh', root, socket, image]);
}
