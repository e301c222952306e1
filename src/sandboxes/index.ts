/**
 * Where `system.run` runs. Bubblewrap isolates one command from the host: its own user, process, network and mount
 * namespaces, and one writable folder. What cannot be had throws `sandbox_unavailable`; nothing here falls back by itself.
 */

export { createBubblewrap } from './bubblewrap.ts';
export { createUnconfined } from './unconfined.ts';
