import { stat } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { goalIn, jsonLines, processMaxMs, until, useStage } from './stage.ts';

const stage = useStage();

test('a run that works can be seen and steered from another terminal, which brings it nothing new', { timeout: 2 * processMaxMs }, async () => {
  const { model, env } = await stage().model();
  const running = stage().start(['run', 'wait', '--model', 'openai/hang', '--strategy', 'single'], { env });
  await until('the model is asked', () => model.calls.length === 1);
  const id = goalIn(running.err());
  const file = stage().path('.flockwork', 'endpoints.json');
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  const { ws, token } = JSON.parse(await stage().read('.flockwork/endpoints.json')) as { ws: string; token: string };

  expect(jsonLines((await stage().cli('goals', '--json')).out)).toMatchObject([{ id, status: 'running' }]);
  expect(await stage().cli('goals', '--connect', ws)).toMatchObject({ code: 2, err: expect.stringContaining('(unauthorized)') });
  expect(await stage().start(['goals', '--connect', ws], { env: { FLOCKWORK_TOKEN: token } }).ended).toMatchObject({ code: 0 });
  for (const argv of [['submit', 'more'], ['run', 'more'], ['resume']])
    expect(await stage().cli(...argv), argv.join(' ')).toMatchObject({ code: 2, out: '', err: expect.stringContaining('(data_dir_locked)') });

  expect(await stage().cli('cancel', id, '--reason', 'from elsewhere')).toMatchObject({ code: 0, out: `${id} cancelled\n` });
  expect(await running.ended).toMatchObject({ code: 1, err: expect.stringContaining('goal.cancelled: from elsewhere') });
  await expect(stat(file)).rejects.toMatchObject({ code: 'ENOENT' });
});

test('a model that could not be asked is refused before anything is begun', async () => {
  expect(await stage().cli('run', 'hello', '--model', 'anthropic/any')).toMatchObject({
    code: 2,
    err: expect.stringMatching(/set ANTHROPIC_API_KEY, or ANTHROPIC_BASE_URL .*\(model_unknown\)/),
  });
  await expect(stat(stage().path('.flockwork'))).rejects.toMatchObject({ code: 'ENOENT' });
});
