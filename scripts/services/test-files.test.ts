import { expect, test } from 'vitest';
import { root } from '../checks/run.ts';
import { needsOf, testFiles } from './test-files.ts';

// Put together here, so that this file does not need them itself.
const word = ['@', 'needs'].join('');

test.each([
  [`/** ${word} nats-server, strace */`, ['nats-server', 'strace']],
  [`// ${word} bwrap\nimport { x } from './x.ts';`, ['bwrap']],
  ["import { startNats } from '../../scripts/services/nats.ts';".replace('nats.ts', ['nats', 'ts'].join('.')), ['nats-server']],
  ['nothing here', []],
])('%s', (source, needs) => expect(needsOf(source)).toEqual(needs));

test('the walk finds this file, knows its suite, and stays out of the sample code base', () => {
  const files = testFiles(root);
  expect(files).toContainEqual({ path: 'scripts/services/test-files.test.ts', suite: 'unit', needs: expect.any(Array) });
  expect(files.filter(({ path }) => path.includes('sample-service') || path.includes('node_modules'))).toEqual([]);
});
