/**
 * The scripted model server: a model that behaves and misbehaves on demand, for tests, benches and demos. It speaks the
 * wires of OpenAI and Anthropic on loopback, keeps a journal of its calls, and never reaches any other server.
 */
export type { MockCall } from './journal.ts';
export type { MockReply, MockToolCall, MockUsage } from './reply.ts';
export type { MockRequest } from './request.ts';
export type { StepsOptions } from './scenes.ts';
export type { MockRule, MockScript } from './script.ts';
export { type MockModel, type MockModelOptions, startMockModel } from './server.ts';
