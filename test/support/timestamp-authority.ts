// A timestamp authority (RFC 3161) for tests: openssl answers, behind a small HTTP server, with a chain of its own.

import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { mustRun } from './run-program.ts';
import type { Scope } from './scope.ts';
import { serveOn } from './serve-on.ts';
import { temporaryFolder } from './temporary-folder.ts';

export type TimestampAuthority = {
  readonly url: string;
  /** Path of the chain in PEM: the certificate for timestamps, then the root. */
  readonly chain: string;
};

const settings = `[tsa]
default_tsa = here
[here]
serial = serial
crypto_device = builtin
signer_cert = leaf.pem
signer_key = leaf.key
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256
ess_cert_id_alg = sha256
[leaf]
basicConstraints = critical,CA:FALSE
keyUsage = critical,digitalSignature
extendedKeyUsage = critical,timeStamping
`;

export async function startTimestampAuthority(scope: Scope): Promise<TimestampAuthority> {
  const cwd = await temporaryFolder(scope, 'tsa');
  const openssl = (...args: string[]): Promise<string> => mustRun('openssl', args, { cwd });
  await writeFile(join(cwd, 'tsa.cnf'), settings);
  await writeFile(join(cwd, 'serial'), '01\n');
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  await openssl(
    'req',
    '-x509',
    ...key,
    '-keyout',
    'ca.key',
    '-out',
    'ca.pem',
    '-days',
    '9',
    '-subj',
    '/O=test/CN=root',
  );
  await openssl('req', ...key, '-keyout', 'leaf.key', '-out', 'leaf.csr', '-subj', '/O=test/CN=timestamps');
  const issuer = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-days', '8'];
  await openssl(
    'x509',
    '-req',
    '-in',
    'leaf.csr',
    ...issuer,
    '-extfile',
    'tsa.cnf',
    '-extensions',
    'leaf',
    '-out',
    'leaf.pem',
  );
  const chain = join(cwd, 'chain.pem');
  const certificates = await Promise.all(['leaf.pem', 'ca.pem'].map((name) => readFile(join(cwd, name), 'utf8')));
  await writeFile(chain, certificates.join(''));
  // openssl counts its answers in one file.
  let last: Promise<unknown> = Promise.resolve();
  const reply = async (query: Buffer): Promise<Buffer> => {
    const dir = await mkdtemp(join(cwd, 'ask-'));
    await writeFile(join(dir, 'q'), query);
    const config = ['-config', 'tsa.cnf', '-section', 'here'];
    await openssl('ts', '-reply', ...config, '-queryfile', join(dir, 'q'), '-out', join(dir, 'r'));
    const answer = await readFile(join(dir, 'r'));
    await rm(dir, { recursive: true });
    return answer;
  };
  const url = await serveOn(scope, async (request, response) => {
    const answer = last.then(async () => reply(await buffer(request)));
    last = answer.catch(() => {});
    response.writeHead(200, { 'content-type': 'application/timestamp-reply' }).end(await answer);
  });
  return { url: `${url}/`, chain };
}
