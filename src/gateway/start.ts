import type { Gateway, GatewayOptions } from './gateway.ts';

/**
 * Opens the ports; they accept when the promise resolves. What serves them is loaded here: a process that opens none starts without it.
 * Throws as `startGateway` in gateway.ts says.
 */
export async function startGateway(options: GatewayOptions): Promise<Gateway> {
  const gateway = await import('./gateway.ts');
  return gateway.startGateway(options);
}
