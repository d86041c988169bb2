import { describe, expect, it } from 'vitest';
import { stamp } from './bytes.ts';
import { SECOND, following, gateway, gets, range, receiver, settled, texts, watch } from './fake-watch.ts';

describe('each line arrives exactly once when the stream is not the log', () => {
  it('when the engine sends entries again after a rotation, old ones too', async () => {
    const log = range(0, 50).map((e, i) => ({ ...e, stamp: stamp(i * SECOND) }));
    gateway.print(...log.slice(0, 40));
    await watch();
    await following();
    gateway.sendAgain(...log.slice(0, 40));
    gateway.print(...log.slice(40));
    gateway.sendAgain(log.at(-1)!);
    await settled(texts(0, 50));
  });

  it('when the stream passes over lines (a rotation behind the reader): an audit finds them', async () => {
    const watcher = await watch();
    await following();
    gateway.print(...range(0, 5));
    gateway.deaf = true;
    gateway.print(...range(5, 10));
    gateway.deaf = false;
    gateway.print(...range(10, 15));
    await gets(texts(0, 15));
    expect(receiver.texts().sort()).toEqual(texts(0, 15).sort());
    expect(watcher.health().containers[0]!.recovered).toBe(5);
  });

  it('when the stream stands still in the middle of a line for longer than a line waits for its next part', async () => {
    const part = { stream: 1 as const, stamp: stamp(9), content: 'p'.repeat(20) };
    await watch({ auditEveryMs: 60_000 });
    await following();
    gateway.print(part);
    gateway.deaf = true;
    gateway.print(part, { ...part, content: 'end\n' });
    await gets(['']);
    expect(receiver.texts()).toEqual([`${part.content}${part.content}end`]);
  });

  it('a line that has no end is handed on when the log shows that nothing more comes', async () => {
    await watch({ auditEveryMs: 60_000 });
    await following();
    gateway.print({ stream: 1, stamp: stamp(9), content: 'a prompt' });
    await settled(['a prompt']);
  });

  it('when the stream passes over more than an audit looks at, and is cut before one', async () => {
    await watch({ auditEveryMs: 60_000 });
    await following();
    gateway.print(...range(0, 50));
    await gets(texts(0, 50));
    gateway.deaf = true;
    gateway.print(...range(50, 6_000));
    gateway.deaf = false;
    gateway.print(...range(6_000, 6_100));
    await gets(texts(0, 150));
    gateway.cut();
    await gets(texts(0, 6_100));
    expect(receiver.texts().sort()).toEqual(texts(0, 6_100).sort());
  });

  it('when the stream passes over more than an audit looks at: it begins inside the gap and sees it', async () => {
    await watch();
    await following();
    gateway.print(...range(0, 50));
    gateway.deaf = true;
    gateway.print(...range(50, 6_000));
    gateway.deaf = false;
    gateway.print(...range(6_000, 6_100));
    await gets(texts(0, 6_100));
    expect(receiver.texts().sort()).toEqual(texts(0, 6_100).sort());
  });

  it('when the stream stays open and says nothing any more (logrotate copytruncate, a frozen proxy)', async () => {
    await watch();
    await following();
    gateway.print(...range(0, 5));
    gateway.deaf = true;
    gateway.print(...range(5, 10));
    await settled(texts(0, 10));
    gateway.deaf = false;
    await following();
    gateway.print(...range(10, 12));
    await settled(texts(0, 12));
  });

  it('when the log was truncated from outside', async () => {
    gateway.print(...range(0, 20));
    await watch();
    await following();
    gateway.log = [];
    gateway.deaf = true;
    gateway.print(...range(20, 25));
    await settled(texts(0, 25));
  });

  it('when the stream passes over lines and the sidecar is killed before an audit: the next one finds them', async () => {
    gateway.print(...range(0, 3));
    const killed = await watch({ auditEveryMs: 60_000 });
    await following();
    gateway.print(...range(3, 5));
    await gets(texts(0, 5));
    gateway.deaf = true;
    gateway.print(...range(5, 10));
    gateway.deaf = false;
    gateway.print(...range(10, 15));
    await gets(texts(0, 10));
    await killed.stop();
    gateway.print(...range(15, 17));
    await watch();
    await gets(texts(0, 17));
    expect(receiver.texts().sort()).toEqual(texts(0, 17).sort());
  });

  it('when the first lines of an empty log were passed over, and the sidecar is killed before an audit', async () => {
    const killed = await watch({ auditEveryMs: 60_000 });
    await following();
    gateway.deaf = true;
    gateway.print(...range(0, 5));
    gateway.deaf = false;
    gateway.print(...range(5, 8));
    await gets(texts(5, 8));
    await killed.stop();
    await watch();
    await gets(texts(0, 8));
    expect(receiver.texts().sort()).toEqual(texts(0, 8).sort());
  });
});
