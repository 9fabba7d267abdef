// Which proxy a URL goes through: HTTPS_PROXY, HTTP_PROXY and NO_PROXY, read as Go programs (oras, crane, cosign) read
// them, so that one setting serves all tools. Hosts of this machine are never proxied.

import { BlockList, isIP } from 'node:net';

/** Environment variables; `process.env` fits. */
export type Environment = { readonly [name: string]: string | undefined };

/** The proxy for `url`, undefined for a direct connection. */
export function proxyFor(url: URL, env: Environment): string | undefined {
  const host = bareHost(url.hostname);
  if (isLoopback(host)) return undefined;
  const proxy = url.protocol === 'https:' ? read(env, 'HTTPS_PROXY') : read(env, 'HTTP_PROXY');
  if (proxy === undefined) return undefined;
  const port = url.port || (url.protocol === 'https:' ? '443' : '80');
  const excluded = (read(env, 'NO_PROXY') ?? '').split(/[,\s]+/).some((rule) => matches(rule, host, port));
  if (excluded) return undefined;
  return proxy.includes('://') ? proxy : `http://${proxy}`;
}

function read(env: Environment, name: string): string | undefined {
  return env[name.toLowerCase()] || env[name] || undefined;
}

function bareHost(hostname: string): string {
  return hostname
    .replace(/^\[(.*)\]$/, '$1')
    .replace(/\.$/, '')
    .toLowerCase();
}

/** Names and addresses that mean this machine (RFC 6761 §6.3, RFC 5735 §3). */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host.endsWith('.localhost') || host === '::1' || /^127(?:\.\d{1,3}){3}$/.test(host);
}

function matches(rule: string, host: string, port: string): boolean {
  if (rule === '') return false;
  if (rule === '*') return true;
  if (rule.includes('/')) return inNetwork(rule, host);
  const withPort = /^(\[.*\]|[^:]*):(\d+)$/.exec(rule);
  if (withPort && withPort[2] !== port) return false;
  const name = bareHost(withPort?.[1] ?? rule);
  if (name.startsWith('*.')) return host.endsWith(name.slice(1));
  if (name.startsWith('.')) return host.endsWith(name);
  return host === name || (isIP(host) === 0 && host.endsWith(`.${name}`));
}

function inNetwork(rule: string, host: string): boolean {
  const [network = '', bits = ''] = rule.split('/');
  const family = isIP(network);
  if (family === 0 || isIP(host) !== family || !/^\d{1,3}$/.test(bits)) return false;
  if (Number(bits) > (family === 4 ? 32 : 128)) return false;
  const list = new BlockList();
  const type = family === 4 ? 'ipv4' : 'ipv6';
  list.addSubnet(network, Number(bits), type);
  return list.check(host, type);
}
