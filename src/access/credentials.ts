// The Authorization header (RFC 9110 §11.6.2, RFC 7617 Basic, RFC 6750 Bearer).

export type Credentials =
  | { readonly scheme: 'basic'; readonly user: string; readonly password: string }
  | { readonly scheme: 'bearer'; readonly token: string };

/** Reads an Authorization header; undefined when it is neither Basic nor Bearer in the form the RFCs give. */
export function parseCredentials(header: string): Credentials | undefined {
  const match = /^(basic|bearer) +([A-Za-z0-9._~+/=-]+)$/i.exec(header.trim());
  if (!match) return undefined;
  const [, scheme = '', value = ''] = match;
  if (scheme.toLowerCase() === 'bearer') return { scheme: 'bearer', token: value };
  const text = Buffer.from(value, 'base64').toString('utf8');
  const colon = text.indexOf(':');
  if (colon < 0) return undefined;
  return { scheme: 'basic', user: text.slice(0, colon), password: text.slice(colon + 1) };
}
