import { execFileSync } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { LogFile } from '../../sidecar/report/log-file.ts';
import { linesOf, tempFolder } from './helpers.ts';

/** Mounts a disk of 64 kB; false where this user may not. */
function smallDisk(folder: string): boolean {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'auto-fix-report', folder], { stdio: 'ignore' });
    onTestFinished(() => void execFileSync('umount', ['-l', folder]));
    return true;
  } catch {
    return false;
  }
}

describe('a log on its own small disk', () => {
  it('goes on after the disk was full: no half line, none lost, the cause in words', ({ skip }) => {
    const folder = tempFolder();
    if (!smallDisk(folder)) return skip('this user may not mount a disk');
    const path = join(folder, 'a.log');
    const said: (string | null)[] = [];
    const log = new LogFile({ path, onTrouble: (trouble) => said.push(trouble) });
    writeFileSync(join(folder, 'ballast'), Buffer.alloc(40_000));
    const written = Array.from({ length: 60 }, (_, n) => `line ${String(n).padStart(4, '0')} ${'x'.repeat(700)}`);
    for (const line of written) log.append(line);
    expect(said).toEqual([expect.stringContaining('(ENOSPC): the disk is full, free some space; until then its lines are on stdout only')]);
    rmSync(join(folder, 'ballast'));
    log.flush();
    expect([said.at(-1), log.trouble()]).toEqual([null, null]);
    const whole = linesOf(path).filter((line) => written.includes(line));
    expect(whole).toEqual(written);
    expect(readFileSync(path, 'utf8').endsWith('\n')).toBe(true);
  });

  it('goes on after it was mounted read-only', ({ skip }) => {
    const folder = tempFolder();
    if (!smallDisk(folder)) return skip('this user may not mount a disk');
    const path = join(folder, 'a.log');
    const remount = (how: string): void => void execFileSync('mount', ['-o', `remount,${how}`, folder], { stdio: 'ignore' });
    remount('ro');
    const log = new LogFile({ path });
    log.append('one');
    expect(log.trouble()).toContain('(EROFS): its folder is mounted read-only, mount it writable or set AUTO_FIX_LOG_FILE');
    remount('rw');
    log.append('two');
    expect([linesOf(path), log.trouble()]).toEqual([['one', 'two'], null]);
  });
});
