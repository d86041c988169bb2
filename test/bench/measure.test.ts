import { expect, test } from 'vitest';
import { median, quantile, readReport } from '../../bench/measure.ts';
import { withSection } from '../../bench/report.ts';
import { asMarkdown, asText } from '../../bench/table.ts';
import { imageEnvironment, imageFlags } from '../../bench/us.ts';

test('the median and the 99th percentile are those of the figures, in any order', () => {
  expect(median([3, 1, 2])).toBe(2);
  expect(median([4, 1, 2, 3])).toBe(2.5);
  expect(quantile(Array.from({ length: 101 }, (_, index) => 100 - index), 0.99)).toBe(99);
  expect(() => median([])).toThrow(/no figure was taken/);
});

test('what GNU time reports is read in seconds and megabytes, also below a line about the exit code', () => {
  expect(readReport('1.50 1.00 0.25 204800\n')).toEqual({ wallS: 1.5, cpuS: 1.25, peakMb: 200 });
  expect(readReport('Command exited with non-zero status 3\n0.10 0.02 0.01 1024\n')).toEqual({ wallS: 0.1, cpuS: 0.03, peakMb: 1 });
  expect(() => readReport('nothing of the kind')).toThrow(/something else than expected/);
});

test('Node is measured with the flags the image starts it with', () => {
  expect(imageFlags("'exec node --a=1 --b /app/sidecar/cli.ts \"$@\"'")).toEqual(['--a=1', '--b']);
  expect(imageFlags('exec node /app/sidecar/cli.ts')).toEqual([]);
  expect(() => imageFlags('CMD ["node", "x"]')).toThrow(/in a way the bench does not know/);
});

test('and with the code the image compiled ahead, beside the checkout', () => {
  expect(imageEnvironment('FROM x\nENV NODE_ENV=production NODE_COMPILE_CACHE=/app/.compiled\nRUN y', '/elsewhere')).toEqual({ NODE_ENV: 'production', NODE_COMPILE_CACHE: '/elsewhere' });
  expect(() => imageEnvironment('ENV NODE_ENV=production', '/elsewhere')).toThrow(/compiles nothing ahead/);
});

test('a table shows every row and note, and a bar inside a cell does not break it', () => {
  const table = { title: 'T', columns: ['what', 'n'], rows: [['tar | zstd', '1'], ['b', '22']], notes: ['a note'] };
  expect(asMarkdown(table)).toBe('## T\n\n| what | n |\n|---|---:|\n| tar \\| zstd | 1 |\n| b | 22 |\n\n- a note\n');
  expect(asText(table)).toBe('T\nwhat         n\n----------  --\ntar | zstd   1\nb           22\n  a note\n');
});

test('a scenario measured again takes its own place in the report and leaves the others', () => {
  const order = ['first', 'second'];
  const both = withSection(withSection('', 'second', 'B', order), 'first', 'A', order);
  expect(both.indexOf('A\n')).toBeLessThan(both.indexOf('B\n'));
  expect(withSection(both, 'second', 'C', order)).toBe(both.replace('B\n', 'C\n'));
});
