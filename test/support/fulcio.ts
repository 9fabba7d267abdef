// The real Fulcio with an authority of its own, an issuer of identity tokens and a certificate transparency log.

import { generateKeyPairSync, sign } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { judge } from '../judges.ts';
import { startCertificateLog } from './certificate-log.ts';
import { freePort, untilListening } from './free-port.ts';
import { serveOn } from './serve-on.ts';
import type { Scope } from './scope.ts';
import { startProgram } from './start-program.ts';
import { temporaryFolder } from './temporary-folder.ts';

export type Fulcio = {
  readonly url: string;
  readonly issuer: string;
  /** Paths of PEM files: the authority's chain, and the log's public key. */
  readonly chain: string;
  readonly logKey: string;
  /** A token for this address, good for a minute. */
  token(email: string): string;
};

/** Throws when the judge `fulcio` is absent. */
export async function startFulcio(scope: Scope): Promise<Fulcio> {
  const folder = await temporaryFolder(scope, 'fulcio');
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const jwk = { ...publicKey.export({ format: 'jwk' }), kid: 'one', use: 'sig', alg: 'ES256' };
  const issuer: string = await serveOn(scope, (request, response) => {
    const about = { issuer, jwks_uri: `${issuer}/keys`, id_token_signing_alg_values_supported: ['ES256'] };
    const answer = request.url === '/keys' ? { keys: [jwk] } : about;
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
  });
  const log = await startCertificateLog(scope);
  const config = join(folder, 'config.json');
  const known = { IssuerURL: issuer, ClientID: 'sigstore', Type: 'email' };
  await writeFile(config, JSON.stringify({ OIDCIssuers: { [issuer]: known } }));
  const [port, grpc, metrics] = [await freePort(), await freePort(), await freePort()];
  const places = ['--host', '127.0.0.1', '--port', `${port}`, '--grpc-host', '127.0.0.1', '--grpc-port', `${grpc}`];
  const more = ['--metrics-port', `${metrics}`, '--legacy-unix-domain-socket', join(folder, 'socket')];
  const args = ['serve', '--ca', 'ephemeralca', '--ct-log-url', log.url, '--config-path', config, ...places, ...more];
  await startProgram(scope, judge('fulcio'), args, { cwd: folder, ready: new RegExp(`:${port}`) });
  await untilListening(port);
  const url = `http://127.0.0.1:${port}`;
  const { chains } = (await (await fetch(`${url}/api/v2/trustBundle`)).json()) as {
    chains: { certificates: string[] }[];
  };
  const [chain, logKey] = [join(folder, 'chain.pem'), join(folder, 'log.pub')];
  await writeFile(chain, chains[0]?.certificates.join('') ?? '');
  await writeFile(logKey, log.publicKeyPem);
  const token = (email: string): string => {
    const now = Math.floor(Date.now() / 1_000);
    const claims = { iss: issuer, sub: email, aud: 'sigstore', email, email_verified: true, iat: now, exp: now + 60 };
    const text = [{ alg: 'ES256', kid: 'one' }, claims].map((part) => encode(JSON.stringify(part))).join('.');
    const signature = sign('sha256', Buffer.from(text), { key: privateKey, dsaEncoding: 'ieee-p1363' });
    return `${text}.${encode(signature)}`;
  };
  return { url, issuer, chain, logKey, token };
}

function encode(bytes: string | Buffer): string {
  return Buffer.from(bytes).toString('base64url');
}
