// Keys: what is taken, what is refused and why, and that no error tells a secret.

import assert from 'node:assert/strict';
import { createHash, createPublicKey, generateKeyPairSync, verify, type KeyObject } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { describe, it } from 'node:test';
import { ExportError } from '../../src/core/errors.ts';
import { environmentKey, signingPassword } from '../../src/trust/environment-key.ts';
import { parsePublicKey } from '../../src/trust/public-key.ts';
import { exportSigningKey, generateSigningKey, importSigningKey, signerOf } from '../../src/trust/signing-key.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

// Made by `cosign generate-key-pair` (v3.1.1) with COSIGN_PASSWORD=swordfish; signs nothing but these tests.
const cosignKey = `-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----
eyJrZGYiOnsibmFtZSI6InNjcnlwdCIsInBhcmFtcyI6eyJOIjo2NTUzNiwiciI6
OCwicCI6MX0sInNhbHQiOiJVcUFkQ0xRWndtN2FFUUlWL3RsZTVvRFRGbGQ1V0Zw
bkx3dU9VVEdnMnB3PSJ9LCJjaXBoZXIiOnsibmFtZSI6Im5hY2wvc2VjcmV0Ym94
Iiwibm9uY2UiOiJjczIvY0g3Q2VlMXg5bmljRU95Zjlpb29Ka0s5a2RnMCJ9LCJj
aXBoZXJ0ZXh0IjoiekdiUThXcDFWbGxsVEJua2pCM0J5dk9kRUQxemFIMmdGd2pM
V0ZlbWhSTk1BZmxybHl3aEx4cEt1bGVYUXN5MjJ0VzZtY1B5eTVnSEVNR01hZHRK
M053K0M3cUFOT3V6a2o0Y2YwZ0VoOEV5YnJSUUgzMXFYRFl5blpvREpCM0wvbUo5
QUx0MFo0Y0hBTGFkY2Q4SzJFbko0MU0vS2tmK1BERkY0c2pnRS9YclcrOXlWZkcw
NVlPZER6eC81N2hveWZyWENnZEJVWHhFK0E9PSJ9
-----END ENCRYPTED SIGSTORE PRIVATE KEY-----
`;
const cosignPublic = `-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEq5KTEAqbM142KwVtnzaogdlx6PTd
L42PnuZqNB6ln9PCR13dmjXdcHs4BbDVqEMdWBe0ZIKk8eNR3/+RsPmG9A==
-----END PUBLIC KEY-----
`;

function ec(namedCurve: string): KeyObject {
  return generateKeyPairSync('ec', { namedCurve }).privateKey;
}

function rsa(modulusLength: number): KeyObject {
  return generateKeyPairSync('rsa', { modulusLength }).privateKey;
}

function pkcs8(key: KeyObject): string {
  return key.export({ type: 'pkcs8', format: 'pem' }).toString();
}

async function refusal(work: Promise<unknown>): Promise<ExportError> {
  const error = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof ExportError);
  return error;
}

describe('importing a key', () => {
  const cases: readonly (readonly [string, () => string, string])[] = [
    ['P-256 in PKCS#8', () => pkcs8(ec('P-256')), 'ecdsa-p256'],
    ['P-256 in SEC1', () => ec('P-256').export({ type: 'sec1', format: 'pem' }).toString(), 'ecdsa-p256'],
    ['RSA-2048 in PKCS#8', () => pkcs8(rsa(2048)), 'rsa-2048'],
    ['RSA-3072 in PKCS#1', () => rsa(3072).export({ type: 'pkcs1', format: 'pem' }).toString(), 'rsa-3072'],
    ['Ed25519 in PKCS#8', () => pkcs8(generateKeyPairSync('ed25519').privateKey), 'ed25519'],
  ];
  for (const [name, make, algorithm] of cases) {
    it(`takes ${name} and signs what plain OpenSSL verifies`, async () => {
      const key = await importSigningKey(make());
      assert.equal(key.publicKey.algorithm, algorithm);
      const data = Buffer.from('some data');
      const signature = await signerOf(key).sign(data);
      const digest = algorithm === 'ed25519' ? null : 'sha256';
      assert.ok(verify(digest, data, createPublicKey(key.publicKey.pem), signature));
    });
  }

  it('takes encrypted PKCS#8 with its password and says what is wrong without it', async () => {
    const text = ec('P-256')
      .export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'swordfish' })
      .toString();
    assert.equal((await importSigningKey(text, 'swordfish')).publicKey.algorithm, 'ecdsa-p256');
    for (const password of ['perch', '']) {
      const error = await refusal(importSigningKey(text, password));
      assert.match(error.message, /damaged or its password is wrong/);
    }
  });

  it('opens a key that cosign wrote', async () => {
    const key = await importSigningKey(cosignKey, 'swordfish');
    assert.equal(key.publicKey.pem, cosignPublic);
  });

  it('refuses a wrong password without repeating password or key', async () => {
    const error = await refusal(importSigningKey(cosignKey, 'not the password'));
    const all = inspect(error, { depth: 10 });
    assert.match(error.message, /could not be decrypted/);
    assert.ok(!all.includes('not the password'));
    assert.ok(!all.includes(cosignKey.split('\n')[1] ?? '?'));
  });

  it('refuses work factors that cosign never wrote, before doing the work', async () => {
    const body = Buffer.from(cosignKey.split('\n').slice(1, -2).join(''), 'base64').toString('utf8');
    for (const params of ['{"N":1048576,"r":8,"p":1}', '{"N":65536,"r":64,"p":1}', '{"N":65536,"r":8,"p":99}']) {
      const changed = body.replace('{"N":65536,"r":8,"p":1}', params);
      assert.notEqual(changed, body);
      const text = `-----BEGIN ENCRYPTED COSIGN PRIVATE KEY-----\n${Buffer.from(changed).toString('base64')}\n-----END ENCRYPTED COSIGN PRIVATE KEY-----\n`;
      assert.match((await refusal(importSigningKey(text, 'swordfish'))).message, /key derivation/);
    }
  });

  it('refuses P-384, P-521, secp256k1, short RSA and RSA-PSS and says why', async () => {
    for (const key of [ec('P-384'), ec('P-521'), ec('secp256k1')]) {
      const error = await refusal(importSigningKey(pkcs8(key)));
      assert.match(error.message, /the curve \w+ is not accepted for signing: cosign versions disagree/);
      assert.match(error.hint ?? '', /P-256/);
    }
    assert.match((await refusal(importSigningKey(pkcs8(rsa(1024))))).message, /RSA with 1024 bits/);
    const pss = generateKeyPairSync('rsa-pss', { modulusLength: 2048 }).privateKey;
    assert.match((await refusal(importSigningKey(pkcs8(pss)))).message, /rsa-pss/);
  });

  it('refuses what is no private key: public keys, certificates, garbage, megabytes', async () => {
    const texts = [generateSigningKey().publicKey.pem, 'garbage', '', 'x'.repeat(1 << 20), cosignKey.slice(0, 300)];
    for (const text of texts) assert.equal((await refusal(importSigningKey(text))).code, 'INPUT_INVALID');
  });

  it('gives back the same key after an export', async () => {
    const key = generateSigningKey();
    assert.equal((await importSigningKey(exportSigningKey(key))).publicKey.pem, key.publicKey.pem);
  });
});

describe('a public key', () => {
  it('has the hint that cosign writes: base64 of SHA-256 over its SPKI DER', () => {
    const { pem, hint } = parsePublicKey(cosignPublic);
    const der = Buffer.from(pem.split('\n').slice(1, -2).join(''), 'base64');
    assert.equal(hint, createHash('sha256').update(der).digest('base64'));
  });

  it('is not taken out of a private key by mistake', () => {
    assert.throws(() => parsePublicKey(exportSigningKey(generateSigningKey())), { code: 'INPUT_INVALID' });
  });
});

describe('the key of the environment', () => {
  it('is PEM text or the path of a file, opened with either password variable', async (t) => {
    const path = join(await temporaryFolder(t), 'cosign.key');
    await writeFile(path, cosignKey);
    for (const value of [path, cosignKey]) {
      for (const password of ['EXPORT_CENTER_KEY_PASSWORD', 'COSIGN_PASSWORD']) {
        const key = await environmentKey({ EXPORT_CENTER_SIGNING_KEY: value, [password]: 'swordfish' });
        assert.equal(key?.publicKey.pem, cosignPublic);
      }
    }
    assert.equal(signingPassword({ EXPORT_CENTER_KEY_PASSWORD: 'ours', COSIGN_PASSWORD: 'theirs' }), 'ours');
  });

  it('is absent when nothing is set, and an error when it cannot be used', async () => {
    assert.equal(await environmentKey({}), undefined);
    const error = await refusal(environmentKey({ EXPORT_CENTER_SIGNING_KEY: '/nowhere/secret-ish' }));
    assert.ok(!error.message.includes('secret-ish'));
  });
});
