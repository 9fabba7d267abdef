// Signers elsewhere: openssl as a program that signs, a small service over HTTP, and everything that may go wrong there.

import assert from 'node:assert/strict';
import { createPublicKey, sign, verify } from 'node:crypto';
import { once } from 'node:events';
import { chmod, writeFile } from 'node:fs/promises';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { json } from 'node:stream/consumers';
import { before, describe, it, type TestContext } from 'node:test';
import { configuredSigner } from '../../src/trust/configured-signer.ts';
import type { Post } from '../../src/trust/http-signer.ts';
import { exportSigningKey, generateSigningKey, type SigningKey } from '../../src/trust/signing-key.ts';
import { suiteScope } from '../registry/suite-scope.ts';
import { atEnd } from '../support/scope.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const data = Buffer.from('DSSEv1 …');

const post: Post = async ({ url, headers, body, signal }) => {
  const response = await fetch(url, { method: 'POST', headers, body, ...(signal ? { signal } : {}) });
  return { status: response.status, body: Buffer.from(await response.arrayBuffer()) };
};

const noPost: Post = () => assert.fail('nothing is to be sent');

describe('a signer that is a program', () => {
  const scope = suiteScope();
  let folder: string;
  let key: SigningKey;
  let keyFile: string;

  before(async () => {
    folder = await temporaryFolder(scope, 'signer');
    key = generateSigningKey();
    keyFile = join(folder, 'key.pem');
    await writeFile(keyFile, exportSigningKey(key));
  });

  const environment = (command: string, more: Record<string, string> = {}) => ({
    PATH: process.env['PATH'],
    EXPORT_CENTER_SIGNER: `exec:${command}`,
    EXPORT_CENTER_SIGNER_PUBLIC_KEY: key.publicKey.pem,
    ...more,
  });

  it('signs with plain openssl, given the data or its digest', async () => {
    const commands = {
      data: `openssl dgst -sha256 -sign ${keyFile}`,
      digest: `openssl pkeyutl -sign -inkey ${keyFile}`,
    };
    for (const [input, command] of Object.entries(commands)) {
      const signer = await configuredSigner(environment(command, { EXPORT_CENTER_SIGNER_INPUT: input }), noPost);
      assert.equal(signer?.hint, key.publicKey.hint);
      assert.ok(verify('sha256', data, createPublicKey(key.publicKey.pem), await signer.sign(data)));
    }
  });

  it('takes base64 text, arguments with spaces, and keeps our secrets from the program', async () => {
    const script = join(folder, 'sign.sh');
    await writeFile(
      script,
      '#!/bin/sh\n[ "$1" = "a key" ] && [ -z "$EXPORT_CENTER_SIGNER$DATABASE_URL" ] || exit 9\n' +
        `openssl dgst -sha256 -sign ${keyFile} | base64\n`,
    );
    await chmod(script, 0o700);
    const env = environment(JSON.stringify([script, 'a key']), {
      EXPORT_CENTER_SIGNER_INPUT: 'data',
      DATABASE_URL: 'postgres://secret',
    });
    const signature = await (await configuredSigner(env, noPost))?.sign(data);
    assert.ok(verify('sha256', data, createPublicKey(key.publicKey.pem), signature ?? Buffer.alloc(0)));
  });

  const failures: readonly (readonly [string, string, string, RegExp])[] = [
    ['is not there', '/nowhere/kms-sign --account 42', 'UNREACHABLE', /^the signer kms-sign could not be started$/],
    ['fails', 'sh -c exit\\ 3', 'UNREACHABLE', /^the signer sh /],
    ['writes nonsense', 'echo nonsense', 'VERIFICATION_FAILED', /^the signer echo gave no signature/],
    ['never ends its output', 'yes', 'UNREACHABLE', /^the signer yes wrote more than 16384 bytes$/],
    ['hangs', 'sleep 60', 'UNREACHABLE', /^the signer sleep did not answer within 0.2 seconds$/],
  ];
  for (const [what, command, code, message] of failures) {
    it(`is named, without its arguments, when it ${what}`, async () => {
      const env = environment(command, what === 'hangs' ? { EXPORT_CENTER_SIGNER_TIMEOUT: '0.2' } : {});
      const signer = await configuredSigner(env, noPost);
      await assert.rejects(async () => signer?.sign(data), { code, message });
    });
  }

  it('is refused when its signature is of another key', async () => {
    const env = environment(`openssl pkeyutl -sign -inkey ${keyFile}`);
    env.EXPORT_CENTER_SIGNER_PUBLIC_KEY = generateSigningKey().publicKey.pem;
    const signer = await configuredSigner(env, noPost);
    await assert.rejects(async () => signer?.sign(data), { code: 'VERIFICATION_FAILED', message: /openssl/ });
  });

  it('is refused beside a key in the environment, without its public key, and with settings that are none', async () => {
    const wrong: readonly Record<string, string>[] = [
      { EXPORT_CENTER_SIGNING_KEY: keyFile },
      { EXPORT_CENTER_SIGNER_PUBLIC_KEY: '' },
      { EXPORT_CENTER_SIGNER_INPUT: 'hash' },
      { EXPORT_CENTER_SIGNER_TIMEOUT: 'soon' },
      { EXPORT_CENTER_SIGNER: 'exec:' },
      { EXPORT_CENTER_SIGNER: 'http://kms.example/sign' },
      { EXPORT_CENTER_SIGNER: 'https://user:secret@kms.example/sign' },
    ];
    for (const more of wrong) {
      const { message } = await refusal(configuredSigner(environment('true', more), noPost));
      assert.ok(!message.includes('secret'), message);
    }
  });
});

async function refusal(work: Promise<unknown>): Promise<Error> {
  let caught: unknown;
  await assert.rejects(work, (thrown: Error & { code?: string }) => (caught = thrown).code === 'USAGE');
  return caught as Error;
}

describe('a signer behind HTTP', () => {
  const key = generateSigningKey();

  async function signerFor(t: TestContext, answer: RequestListener) {
    const server = createServer(answer).listen(0, '127.0.0.1');
    await once(server, 'listening');
    atEnd(t, () => {
      server.closeAllConnections();
      server.close();
    });
    const env = {
      EXPORT_CENTER_SIGNER: `http://127.0.0.1:${(server.address() as AddressInfo).port}/sign`,
      EXPORT_CENTER_SIGNER_PUBLIC_KEY: key.publicKey.pem,
      EXPORT_CENTER_SIGNER_INPUT: 'data',
      EXPORT_CENTER_SIGNER_TOKEN: 'kms-token',
    };
    const signer = await configuredSigner(env, post);
    assert.ok(signer);
    return signer;
  }

  it('is sent the algorithm and the bytes with the token, and its signature is used', async (t) => {
    const seen: unknown[] = [];
    const signer = await signerFor(t, (request, response) => {
      void json(request).then((asked) => {
        seen.push(request.headers.authorization, asked);
        const signature = sign('sha256', data, key.privateKey);
        response.end(JSON.stringify({ signature: signature.toString('base64') }));
      });
    });
    assert.ok(verify('sha256', data, createPublicKey(key.publicKey.pem), await signer.sign(data)));
    assert.deepEqual(seen, ['Bearer kms-token', { algorithm: 'ecdsa-p256', data: data.toString('base64') }]);
  });

  const answers: readonly (readonly [string, RequestListener, string])[] = [
    ['refuses the token', (_, response) => void response.writeHead(403).end(), 'DENIED'],
    ['is broken', (_, response) => void response.writeHead(500).end(), 'UNREACHABLE'],
    ['answers with something else', (_, response) => void response.end('{"signed":true}'), 'UNREACHABLE'],
    ['signs something else', (_, response) => void response.end('{"signature":"AAAA"}'), 'VERIFICATION_FAILED'],
  ];
  for (const [what, answer, code] of answers) {
    it(`is named when it ${what}`, async (t) => {
      const signer = await signerFor(t, answer);
      const named = (thrown: Error & { code?: string }): boolean =>
        thrown.code === code &&
        /^the signer 127\.0\.0\.1:\d+ /.test(thrown.message) &&
        !/kms-token/.test(thrown.message);
      await assert.rejects(signer.sign(data), named);
    });
  }
});
