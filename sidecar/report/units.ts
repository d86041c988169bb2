const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** `850 ms`, `12 s`, `4m 07s`, `2h 05m`, `3d 04h`. */
export function inWords(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  if (ms < MINUTE) return `${Math.floor(ms / 1_000)} s`;
  const [big, small, bigUnit, smallUnit] = ms < HOUR ? [MINUTE, 1_000, 'm', 's'] : ms < DAY ? [HOUR, MINUTE, 'h', 'm'] : [DAY, HOUR, 'd', 'h'];
  return `${Math.floor(ms / big)}${bigUnit} ${String(Math.floor((ms % big) / small)).padStart(2, '0')}${smallUnit}`;
}

/** `512 B`, `3.1 MB`: decimal, as disks are sold and `ls --si` shows. */
export function sizeInWords(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  const at = Math.min(units.length - 1, bytes < 1_000 ? 0 : Math.floor(Math.log10(bytes) / 3));
  return at === 0 ? `${bytes} B` : `${(bytes / 1_000 ** at).toFixed(1)} ${units[at]}`;
}

/** `never`, `just now`, `4m 07s ago`. */
export const ago = (atMs: number | null, nowMs: number): string =>
  atMs === null ? 'never' : nowMs - atMs < 1_000 ? 'just now' : `${inWords(nowMs - atMs)} ago`;
