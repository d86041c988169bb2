import { cpus, totalmem } from 'node:os';
import { readFileSync } from 'node:fs';

/** The machine as a reader would describe it: no names, no paths. */
export function machineInWords(): string {
  const system = /^PRETTY_NAME="?([^"\n]+)/m.exec(readIfThere('/etc/os-release'))?.[1] ?? process.platform;
  const processor = cpus()[0]?.model.replace(/\s+/g, ' ').trim() || 'unnamed processor';
  return `${cpus().length} cores of a virtual machine (${processor}), ${Math.round(totalmem() / 2 ** 30)} GB of memory, ${system}, Node ${process.versions.node}`;
}

function readIfThere(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
