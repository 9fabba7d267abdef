// Under which names a service that listens on an address is reached.

export type ServiceAddress = {
  /** URL for printed lines and signatures when no public URL is given; `localhost`, where oras takes plain HTTP. */
  readonly outer: string;
  /** URL for programs on this machine; undefined when they need a listener of their own. */
  readonly inner: string | undefined;
};

/** `host` and `port` as listened on. With TLS, and on a network interface alone, there is no inner address. */
export function serviceAddress(host: string, port: number, tls: boolean): ServiceAddress {
  const everywhere = host === '0.0.0.0' || host === '::';
  const loopback = host === 'localhost' || host === '::1' || /^127(?:\.\d{1,3}){3}$/.test(host);
  const named = everywhere || loopback ? 'localhost' : bracketed(host);
  const direct = everywhere ? (host === '::' ? '[::1]' : '127.0.0.1') : bracketed(host);
  return {
    outer: `${tls ? 'https' : 'http'}://${named}:${port}`,
    // A network interface's address could be sent to a proxy; a certificate names the public host.
    inner: !tls && (everywhere || loopback) ? `http://${direct}:${port}` : undefined,
  };
}

function bracketed(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}
