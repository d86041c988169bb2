import { createRequire, Module } from 'node:module';

/**
 * Packages that dockerode loads for building images with BuildKit, which nobody here does: 110 files, 8 MB resident.
 * They are answered with nothing; using one is an error that says so.
 */
const UNUSED = ['@grpc/grpc-js', '@grpc/proto-loader', 'protobufjs'];

/** dockerode without what we never use of it; `ssh2` waits for the first `ssh://` host. */
export function requireDockerode<T>(): T {
  const require = createRequire(import.meta.url);
  const path = require.resolve('dockerode');
  if (!require.cache[path]) {
    const dockerode = createRequire(path);
    for (const name of UNUSED) leaveOut(dockerode, name, nothing(name));
    const modem = createRequire(dockerode.resolve('docker-modem'));
    leaveOut(modem, 'ssh2', { Client: later(modem, 'ssh2', 'Client') });
  }
  return require(path) as T;
}

/** Throws when the package is not there: dockerode has changed, and so must the list above. */
function leaveOut(require: NodeJS.Require, name: string, exports: object): void {
  const path = require.resolve(name);
  require.cache[path] ??= Object.assign(new Module(path), { exports, filename: path, loaded: true });
}

const nothing = (name: string): object => new Proxy({}, {
  get: (_, what) => { throw new Error(`dockerode asked for ${String(what)} of ${name}, which auto-fix leaves out: see sidecar/left-out.ts`); },
});

/** A class whose package is loaded for its first object. */
function later(require: NodeJS.Require, name: string, exported: string): (...args: unknown[]) => object {
  type Exports = Record<string, new (...args: unknown[]) => object>;
  let real: Exports | null = null;
  const load = (): Exports => {
    delete require.cache[require.resolve(name)];
    return require(name) as Exports;
  };
  // Called with `new`, a plain function gives what it returns.
  return function (...args: unknown[]): object {
    real ??= load();
    return Reflect.construct(real[exported]!, args) as object;
  };
}
