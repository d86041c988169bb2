import { describe, expect, it } from 'vitest';
import { findings } from '../../.ci/check-text.mjs';

describe('the text check', () => {
  it('tells file and line of what must not be published', () => {
    expect(findings('a.md', `one\ntwo /${'work'}/main/x\n`)).toEqual([expect.stringMatching(/^a\.md:2: a path of the machine/)]);
    expect(findings('a.md', `see registry.npm${'js'}.org`)).toHaveLength(1);
    expect(findings('a.md', `PRIVATE KEY-----\n${'A'.repeat(64)}`)).toHaveLength(1);
  });

  it('lets package names and paths inside an image pass', () => {
    expect(findings('a.md', `apt-get install docker.io; /app/${'work'}/x; ~/.docker; ./work/y`)).toEqual([]);
  });
});
