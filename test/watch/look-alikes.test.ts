import { describe, expect, it } from 'vitest';
import { stamp } from './bytes.ts';
import { SECOND, entry, following, gateway, gets, range, receiver, settled, texts, watch } from './fake-watch.ts';

describe('each line arrives exactly once when lines look alike or come out of order', () => {
  it('when several lines carry the same nanosecond', async () => {
    const same = [entry(0, { at: 5 }), entry(1, { at: 5 }), entry(1, { at: 5 }), entry(2, { at: 5, stream: 2 })];
    gateway.print(...same);
    const first = await watch();
    await gets(['', '', '', '']);
    await first.stop();
    await watch();
    await following();
    gateway.print(entry(3));
    await settled(['line 0', 'line 1', 'line 1', 'line 2', 'line 3']);
  });

  it('when the same text is printed twice in one nanosecond while following', async () => {
    await watch();
    await following();
    gateway.print(entry(1, { at: 5 }), entry(1, { at: 5 }), entry(2));
    await gets(['', '', '']);
    expect(receiver.texts().sort()).toEqual(['line 1', 'line 1', 'line 2']);
  });

  it('when stdout and stderr arrive out of order by microseconds, over a restart of the sidecar', async () => {
    const log = range(0, 100).map((e, i) => ({ ...e, stream: (i % 2 ? 2 : 1) as 1 | 2, stamp: stamp(1_000_000 + i * 1_000 - (i % 2) * 5_000) }));
    gateway.print(...log.slice(0, 51));
    const first = await watch();
    await gets(texts(0, 51));
    await first.stop();
    gateway.print(...log.slice(51));
    await watch();
    await settled(texts(0, 100));
  });

  it('when the clock was set back by an hour while following', async () => {
    const hour = 3_600 * SECOND;
    gateway.print(...range(0, 10).map((e, i) => ({ ...e, stamp: stamp(hour + i) })));
    await watch();
    await following();
    gateway.print(...range(10, 20).map((e, i) => ({ ...e, stamp: stamp(i) })));
    await settled(texts(0, 20));
    gateway.cut();
    gateway.print(...range(20, 30).map((e, i) => ({ ...e, stamp: stamp(SECOND + i) })));
    await settled(texts(0, 30));
  });

  it('when the clock was set back while the sidecar was away, and very much was printed since', async () => {
    const hour = 3_600 * SECOND;
    gateway.print(...range(0, 10).map((e, i) => ({ ...e, stamp: stamp(hour + i) })));
    const first = await watch();
    await gets(texts(0, 10));
    await first.stop();
    gateway.print(...range(10, 3_010).map((e, i) => ({ ...e, stamp: stamp(i) })));
    await watch();
    await settled(texts(0, 3_010));
  });

  it('when the sidecar stops in the middle of a line of many parts', async () => {
    const part = 'p'.repeat(16_384);
    gateway.print(entry(0), { stream: 1, stamp: stamp(9), content: part }, entry(1, { stream: 2, at: 10 }));
    const first = await watch();
    await gets(['', '']);
    expect(receiver.texts()).toEqual(['line 0', 'line 1']);
    await first.stop();
    gateway.print({ stream: 1, stamp: stamp(9), content: part }, { stream: 1, stamp: stamp(9), content: 'end\n' }, entry(2));
    await watch();
    await settled(['line 0', 'line 1', `${part}${part}end`, 'line 2']);
  });

  it('when the connection breaks in the middle of a line of many equal parts', async () => {
    const part = { stream: 1 as const, stamp: stamp(9), content: 'p'.repeat(16_384) };
    await watch();
    await following();
    gateway.print(part, part, part);
    gateway.cut();
    gateway.print(part, { ...part, content: 'end\n' }, entry(20));
    await gets(['', '']);
    expect(receiver.lines.map((line) => [line.text.length, line.skippedBytes])).toEqual([[4 * 16_384 + 3, 0], [7, 0]]);
  });

  it('when the engine sends a part of a line again (20.10, a rotation within the line)', async () => {
    const part = { stream: 1 as const, stamp: stamp(9), content: 'p'.repeat(16_384) };
    await watch();
    await following();
    gateway.print(part, part);
    gateway.sendAgain(part);
    gateway.print(part, { ...part, content: 'end\n' }, entry(20));
    await gets(['', '']);
    expect(receiver.lines.map((line) => line.text.length)).toEqual([3 * 16_384 + 3, 7]);
  });
});
