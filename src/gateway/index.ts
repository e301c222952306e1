/**
 * The way in for clients: JSON-RPC over WebSocket and HTTP with server-sent events on one port, on one dispatcher that
 * knows neither. It never runs a goal itself: what it needs of the node it asks through `GatewayHost`.
 */
export { createAuthorizer, type GatewayAuth, isLoopbackHost, type Peer, type TokenEntry } from './auth.ts';
export type { Connection, RpcSink } from './connection.ts';
export { createDispatcher, type Dispatcher, type DispatcherOptions } from './dispatcher.ts';
export { EventBatch, eventNotification, type FeedEvent } from './event-batch.ts';
export { type Gateway, type GatewayOptions, startGateway } from './gateway.ts';
export type { DeadLetterView, GatewayHost, NodeView, ReplayReport, VerifyReport } from './host.ts';
export { type GatewayLimits, gatewayLimits } from './limits.ts';
export type { LocalTransport, LocalWatchItem } from './local.ts';
