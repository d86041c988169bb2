import { setFlagsFromString } from 'node:v8';

let underWay = 0;

/**
 * While thousands of files pass through, V8 collects garbage sooner instead of letting the heap double. Node takes this
 * flag while it runs; measured with 20,000 files and as many Redis keys: 144 MB at most instead of 227, in the same time.
 */
export async function lean<T>(work: () => Promise<T>): Promise<T> {
  if (underWay++ === 0) setFlagsFromString('--optimize-for-size');
  try {
    return await work();
  } finally {
    if (--underWay === 0) setFlagsFromString('--no-optimize-for-size');
  }
}
