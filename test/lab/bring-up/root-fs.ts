import { copyFileSync, cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { must } from './shell.ts';

const PROJECT = join(import.meta.dirname, '../../..');

/** A minimal Debian bookworm, without what an image has no use for. */
export async function bareRoot(root: string, mirrorUri: string): Promise<void> {
  await must('debootstrap', ['--variant=minbase', '--include=ca-certificates', 'bookworm', root, mirrorUri]);
  rmSync(join(root, 'var/cache/apt/archives'), { recursive: true, force: true });
  mkdirSync(join(root, 'var/cache/apt/archives/partial'), { recursive: true });
  for (const folder of ['usr/share/doc', 'usr/share/man', 'usr/share/locale']) {
    rmSync(join(root, folder), { recursive: true, force: true });
    mkdirSync(join(root, folder));
  }
}

/**
 * Gives the image the certificates this machine trusts, so that a build behind a company's proxy reaches the npm
 * registry as the machine itself does. Returns the image settings for it.
 */
export function ownCertificates(root: string): string[] {
  const bundle = '/etc/ssl/certs/ca-certificates.crt';
  if (!existsSync(bundle)) return [];
  copyFileSync(bundle, join(root, bundle));
  return [`ENV NODE_EXTRA_CA_CERTS=${bundle}`];
}

/** Node 24 out of the project's own dependencies, npm out of its package. */
export async function installNode(root: string): Promise<void> {
  const arch = process.arch === 'arm64' ? 'arm64' : 'x64';
  const packed = join(PROJECT, `node_modules/node-linux-${arch}/bin/node`);
  copyFileSync(existsSync(packed) ? packed : process.execPath, join(root, 'usr/local/bin/node'));

  const work = mkdtempSync(join(root, 'tmp/npm-'));
  await must('npm', ['pack', '--silent', 'npm@11'], { cwd: work });
  const archive = readdirSync(work).find((name) => name.endsWith('.tgz'));
  if (!archive) throw new Error('npm pack npm@11 left no archive');
  await must('tar', ['-xzf', archive], { cwd: work });
  mkdirSync(join(root, 'usr/local/lib/node_modules'), { recursive: true });
  cpSync(join(work, 'package'), join(root, 'usr/local/lib/node_modules/npm'), { recursive: true });
  rmSync(work, { recursive: true });
  for (const name of ['npm', 'npx']) {
    symlinkSync(`../lib/node_modules/npm/bin/${name}-cli.js`, join(root, 'usr/local/bin', name));
  }
}
