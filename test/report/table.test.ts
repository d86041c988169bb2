import { describe, expect, it } from 'vitest';
import { table } from '../../sidecar/report/table.ts';
import { ago, inWords, sizeInWords } from '../../sidecar/report/units.ts';

describe('a table on the terminal', () => {
  it('aligns its columns, numbers to the right, and leaves no spaces at the end', () => {
    expect(table(['session', { title: 'size', align: 'right' }, 'reason'], [['blue12', '3.1 MB', 'zombie'], ['Pixel12 Digital', '512 B', '']])).toBe([
      'session            size  reason',
      'blue12           3.1 MB  zombie',
      'Pixel12 Digital   512 B',
    ].join('\n'));
  });

  it('counts what a terminal shows, not bytes', () => {
    expect(table(['a', 'b'], [['São', 1], ['🙂', 2], ['漢字', 3]]).split('\n')).toEqual(['a     b', 'São   1', '🙂    2', '漢字  3']);
  });

  it('lets no cell move the cursor or begin a line', () => {
    expect(table(['name'], [['x\n\u001b[2Jy']])).toBe('name\nx\\n\\x1b[2Jy');
  });

  it('is only its titles without rows', () => {
    expect(table(['session', 'status'], [])).toBe('session  status');
  });
});

describe('figures in words', () => {
  it.each([[0, '0 ms'], [850, '850 ms'], [12_900, '12 s'], [247_000, '4m 07s'], [7_500_000, '2h 05m'], [3 * 86_400_000 + 4 * 3_600_000, '3d 04h']])('%d ms', (ms, words) => {
    expect(inWords(ms)).toBe(words);
  });

  it.each([[0, '0 B'], [999, '999 B'], [1_000, '1.0 kB'], [3_141_000, '3.1 MB'], [5e15, '5000.0 TB']])('%d bytes', (bytes, words) => {
    expect(sizeInWords(bytes)).toBe(words);
  });

  it('says how long ago', () => {
    expect([ago(null, 5), ago(5, 5), ago(0, 60_000)]).toEqual(['never', 'just now', '1m 00s ago']);
  });
});
