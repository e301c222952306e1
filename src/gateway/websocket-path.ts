/** Where the WebSocket of the wire stands. */
export const webSocketPath = '/v1/ws';
