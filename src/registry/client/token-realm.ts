// Which token addresses a client follows. A registry names its own token service; without rules a hostile one could
// have credentials sent in clear, or make this machine ask addresses inside its own network. Same rules as oras-go and
// go-containerregistry.

import { BlockList, isIP } from 'node:net';
import { ExportError } from '../../core/errors.ts';
import { isLoopback } from './proxy-environment.ts';

const inside = new BlockList();
for (const [network, bits] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.168.0.0', 16],
] as const) {
  inside.addSubnet(network, bits, 'ipv4');
}
inside.addAddress('::', 'ipv6');
inside.addAddress('::1', 'ipv6');
inside.addSubnet('fe80::', 10, 'ipv6');
inside.addSubnet('fc00::', 7, 'ipv6');

/** The realm as a URL; throws REGISTRY_REFUSED when a registry at `registry` must not name it. */
export function checkRealm(realm: string | undefined, registry: URL): URL {
  const url = realm === undefined ? null : URL.parse(realm);
  if (!url || (url.protocol !== 'https:' && url.protocol !== 'http:') || url.username || url.password) {
    throw refuse(registry, 'an address that is no plain http or https URL');
  }
  if (url.hostname === registry.hostname) {
    if (registry.protocol === 'https:' && url.protocol !== 'https:') throw refuse(registry, 'an address without TLS');
    return url;
  }
  if (registry.protocol === 'https:' && url.protocol !== 'https:') throw refuse(registry, 'an address without TLS');
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
  const family = isIP(host);
  if (isLoopback(host) || (family !== 0 && inside.check(host, family === 4 ? 'ipv4' : 'ipv6'))) {
    throw refuse(registry, 'an address inside this network');
  }
  return url;
}

function refuse(registry: URL, what: string): ExportError {
  return new ExportError('REGISTRY_REFUSED', `${registry.host} sends the login to ${what}`, {
    hint: 'the registry must name a token address on its own host or on a public one, with TLS',
  });
}
