/** For tests of and with Flockwork: a scripted model server, a clock that moves when told to, and fault points. */
export { type Crossing, killAt, withFaultPoints } from './faults.ts';
export { type MockModel, type MockModelOptions, type MockReply, type MockRequest, type MockRule, type MockScript, startMockModel } from './mock-model/index.ts';
export { VirtualClock } from './virtual-clock.ts';
