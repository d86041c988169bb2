import { expect, test } from 'vitest';
import { sayAsItIs } from '../../sidecar/household.ts';
import { Interrupted } from '../../sidecar/repair/faults.ts';
import { StoreError } from '../../sidecar/stores/store.ts';

test.each([
  [new StoreError('unsafe', 'the backup holds /a, which is no place of session 26'), { fault: 'refused', message: 'the backup holds /a, which is no place of session 26' }],
  [new Interrupted('26 was started'), { fault: 'unavailable', message: 'not at its end yet: 26 was started' }],
])('a restore over the API that cannot be or is not over is answered in its own words: %s', (error, answer) => {
  expect(() => sayAsItIs(error)).toThrow(expect.objectContaining({ name: 'HouseError', ...answer }));
});

test('a fault of the sidecar itself stays one', () => {
  expect(() => sayAsItIs(new TypeError('x'))).toThrow(TypeError);
});
