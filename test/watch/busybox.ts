import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export const BUSYBOX = 'auto-fix-test-busybox';

/**
 * A 2 MB image with a shell, made from Debian's busybox-static: no registry is asked. Returns its name; made once
 * per engine. `host` is an engine other than the default one (`unix:///path`).
 */
export function busyboxImage(host?: string): string {
  const docker = (...args: string[]) => execFileSync('docker', host ? ['-H', host, ...args] : args, { stdio: ['ignore', 'pipe', 'pipe'], encoding: 'utf8' });
  if (docker('images', '-q', BUSYBOX).trim() !== '') return BUSYBOX;
  const folder = mkdtempSync(join(tmpdir(), 'busybox-'));
  try {
    execFileSync('apt-get', ['download', 'busybox-static'], { cwd: folder, stdio: 'pipe' });
    const deb = readdirSync(folder).find((name) => name.endsWith('.deb'))!;
    const rootfs = join(folder, 'rootfs');
    execFileSync('dpkg', ['-x', join(folder, deb), rootfs], { stdio: 'pipe' });
    mkdirSync(join(rootfs, 'tmp'), { recursive: true });
    // sh is found in PATH; every other command is an applet of the same file.
    execFileSync('sh', ['-c', 'cd "$1"/bin && for c in sh sleep seq printf cat head tr date stty; do ln -sf busybox "$c"; done', 'sh', rootfs]);
    const tar = join(folder, 'rootfs.tar');
    execFileSync('tar', ['-C', rootfs, '-cf', tar, '.']);
    docker('import', '--change', 'CMD ["/bin/sh"]', '--change', 'ENV PATH=/bin', tar, BUSYBOX);
    return BUSYBOX;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
