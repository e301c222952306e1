import { expect, test } from 'vitest';
import { z } from 'zod';
import { toolSpec } from '../../protocols/goals/task.ts';
import { builtinToolSpecs } from './builtin.ts';
import { defineTool } from './define-tool.ts';

test('the built-in specs are JSON Schema with their fields described and their flags stated', () => {
  const specs = builtinToolSpecs();
  expect(specs.map(({ name, repeatable, parallel, writes }) => [name, repeatable, parallel, writes])).toEqual([
    ['fs.list', true, true, false],
    ['fs.read', true, true, false],
    ['fs.search', true, true, false],
    ['fs.write', true, false, true],
    ['fs.patch', true, false, true],
    ['system.run', false, false, true],
  ]);
  for (const spec of specs) {
    expect(toolSpec.parse(spec)).toEqual(spec);
    expect(spec.parameters).toMatchObject({ type: 'object', additionalProperties: false });
  }
  expect(specs[1]?.parameters).toMatchObject({
    required: ['path'],
    properties: { path: { type: 'string', description: expect.any(String) }, from: { type: 'integer', minimum: 1 } },
  });
});

test('a tool of a user is careful by default', () => {
  const tool = defineTool({
    name: 'weather.today',
    description: 'Says the weather.',
    input: z.strictObject({ city: z.string() }),
    run: async ({ city }) => `sun in ${city}`,
  });
  expect(tool.spec).toMatchObject({ repeatable: false, parallel: false, writes: true });
  expect(() => tool.prepare({ city: 3, more: 1 })).toThrow(expect.objectContaining({ code: 'tool_input_invalid', message: expect.stringContaining('city') }));
});

test.each(['weather', 'Weather.today', 'a_b.c', 'a.', '.b', `a.${'b'.repeat(64)}`])('%j cannot name a tool', (name) => {
  expect(() => defineTool({ name, description: '', input: z.strictObject({}), run: async () => '' })).toThrow(
    expect.objectContaining({ code: 'config_invalid' }),
  );
});
