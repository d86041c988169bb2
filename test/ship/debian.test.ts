import { describe, expect, it } from 'vitest';
import { mirrorOf } from '../lab/bring-up/debian.ts';

const sources = (text: string) => [{ path: '/etc/apt/sources.list.d/debian.sources', text }];
const list = (text: string) => [{ path: '/etc/apt/sources.list', text }];

describe('the mirror of this machine', () => {
  it('is read from a .sources file, past other vendors and the security archive', () => {
    const text = [
      'Types: deb', 'URIs: http://vendor.example/apt', 'Suites: nodistro', 'Components: main', '',
      'Types: deb', 'URIs: http://mirror.example/debian-security', 'Suites: bookworm-security', 'Components: main', '',
      'Types: deb', '# a remark inside', 'URIs: http://mirror.example/debian/', 'Suites: bookworm bookworm-updates', 'Components: main contrib', '',
    ].join('\n');
    expect(mirrorOf(sources(text), 'bookworm')).toEqual({ uri: 'http://mirror.example/debian', suite: 'bookworm' });
  });

  it('is read from continued lines of a .sources file', () => {
    const text = 'Types: deb deb-src\nURIs:\n http://mirror.example/debian\nSuites: trixie\n trixie-updates\nComponents: main\n';
    expect(mirrorOf(sources(text), 'trixie')?.uri).toBe('http://mirror.example/debian');
  });

  it('is read from one-line entries with options and remarks', () => {
    const text = '# deb http://old.example/debian bookworm main\ndeb [arch=amd64 signed-by=/k.gpg] http://mirror.example/debian bookworm main contrib # ours\n';
    expect(mirrorOf(list(text), 'bookworm')?.uri).toBe('http://mirror.example/debian');
  });

  it('is none when a source is switched off, of another suite, or not reached over http', () => {
    expect(mirrorOf(sources('Types: deb\nEnabled: no\nURIs: http://m.example/debian\nSuites: bookworm\nComponents: main\n'), 'bookworm')).toBeNull();
    expect(mirrorOf(list('deb http://m.example/debian cloud-sdk-bookworm main\n'), 'bookworm')).toBeNull();
    expect(mirrorOf(list('deb cdrom:[Debian]/ bookworm main\n'), 'bookworm')).toBeNull();
    expect(mirrorOf([], 'bookworm')).toBeNull();
  });
});
