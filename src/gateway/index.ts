/**
 * The way in for clients: JSON-RPC over WebSocket and HTTP with server-sent events on one port, and over QUIC on another,
 * on one dispatcher that knows none of them. It never runs a goal itself: what it needs of the node it asks through `GatewayHost`.
 */
export { createAuthorizer, type GatewayAuth, type Peer, type TokenEntry } from './auth.ts';
export type { Connection, RpcSink } from './connection.ts';
export { createDispatcher, type Dispatcher, type DispatcherOptions } from './dispatcher.ts';
export type { EventBatch, FeedEvent } from './event-batch.ts';
export type { Gateway, GatewayOptions } from './gateway.ts';
export type { GatewayHost } from './host.ts';
export type { GatewayInspector } from './inspector.ts';
export { type GatewayLimits, gatewayLimits } from './limits.ts';
export type { LocalTransport, LocalWatchItem } from './local.ts';
export { openPrivateEndpoint, type PrivateEndpoint } from './private-endpoint.ts';
export type { Libp2pOptions } from './quic/libp2p-server.ts';
export type { QuicLimits } from './quic/limits.ts';
export type { AllowedPeer } from './quic/quic-peers.ts';
export { startGateway } from './start.ts';
export type { WebSocketEngineOptions } from './websocket-engine.ts';
