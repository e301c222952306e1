/**
 * The inspector: what the actors of this node do, told to pages at `/` over `/v1/inspect`. It only looks: nothing here reaches an actor, and
 * what goals, approvals and nodes need, the page asks of the gateway like any client.
 */
export { inspectorBounds } from './bounds.ts';
export { createInspector, type Inspector, type InspectorOptions } from './inspector.ts';
