import { expect, test } from 'vitest';
import { type Config, loadConfig } from '../config/index.ts';
import { gatewayLimits } from '../gateway/index.ts';
import { inspectorBounds } from '../inspector/index.ts';
import { gatewayBounds } from './parts.ts';

test('the defaults of the configuration are those of the parts', async () => {
  const { values }: { values: Config } = await loadConfig({ cwd: '/', env: {} });
  expect(values.inspector).toEqual(inspectorBounds);
  const { inspectorPagesMax, connectionsMax, requestsInFlightMax, jsonDepthMax } = gatewayLimits;
  expect(gatewayBounds({ values })).toMatchObject({ inspectorPagesMax, connectionsMax, requestsInFlightMax, jsonDepthMax });
});

test('bounds of the gateway that are live follow the configuration', async () => {
  const { values } = await loadConfig({ cwd: '/', env: {} });
  const live = { values };
  const limits = gatewayBounds(live);
  live.values = { ...values, limits: { ...values.limits, watchesMax: 7, connectionsMax: 7 } };
  expect(limits).toMatchObject({ watchesMax: 7, connectionsMax: values.limits.connectionsMax });
});
