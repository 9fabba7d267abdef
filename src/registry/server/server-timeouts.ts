// Timeouts for the HTTP server that carries the registry. Node's own limit for a whole request (300 s) would cut every
// long upload; instead each exchange watches for bytes that stop moving (see app.ts).

import type { ServerOptions } from 'node:http';

export const serverTimeouts = {
  requestTimeout: 0,
  /** Slow senders of headers are cut off; looked at every `connectionsCheckingInterval`. */
  headersTimeout: 10_000,
  connectionsCheckingInterval: 5_000,
  /** Longer than the 60 s that proxies keep a connection, so that they close first and not we under their request. */
  keepAliveTimeout: 65_000,
} as const satisfies ServerOptions;
