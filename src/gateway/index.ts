/**
 * The way in for clients: JSON-RPC over WebSocket and HTTP with server-sent events on one port, and over QUIC on another,
 * on one dispatcher that knows none of them. It never runs a goal itself: what it needs of the node it asks through `GatewayHost`.
 */
export { createAuthorizer, type GatewayAuth, type Peer, type TokenEntry } from './auth.ts';
export type { Connection, RpcSink } from './connection.ts';
export { createDispatcher, type Dispatcher, type DispatcherOptions } from './dispatcher.ts';
export type { EventBatch, FeedEvent } from './event-batch.ts';
export { type Gateway, type GatewayOptions, startGateway } from './gateway.ts';
export type { DeadLetterView, GatewayHost, NodeView, ReplayReport, VerifyReport } from './host.ts';
export type { GatewayInspector } from './inspector.ts';
export { type GatewayLimits, gatewayLimits } from './limits.ts';
export type { LocalTransport, LocalWatchItem } from './local.ts';
export type { QuicLimits } from './quic/limits.ts';
export type { AllowedPeer } from './quic/quic-peers.ts';
export type { QuicOptions } from './quic/quic-server.ts';
