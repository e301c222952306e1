/** Bytes that the node may send ahead of us, on the stream and on the connection that carries it. */
export const windowBytes = 4_194_304;
/** How often a silent connection asks for a sign of life, ms. */
export const keepAliveMs = 5_000;
/** Silence after which a connection is given up, ms. */
export const idleMaxMs = 10_000;
