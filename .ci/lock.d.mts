export function withLock<T>(path: string, say: (line: string) => void, work: () => T | Promise<T>): Promise<T>;
export function isAlive(pid: number): boolean;
