// What an installation must say before it signs as somebody.

import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { openCenter } from '../../../src/runs/open-center.ts';
import { certificateCheck } from '../../../src/trust/keyless/certificate-bundle.ts';
import { certifiedKey } from '../../../src/trust/keyless/fulcio.ts';
import { keylessSettings } from '../../../src/trust/keyless/keyless-settings.ts';
import { atEnd } from '../../support/scope.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const complete = {
  EXPORT_CENTER_FULCIO: 'https://fulcio.example',
  EXPORT_CENTER_IDENTITY: 'exports@example.org',
  EXPORT_CENTER_IDENTITY_ISSUER: 'https://issuer.example',
  EXPORT_CENTER_IDENTITY_TOKEN: 'a.b.c',
};
const token = `e30.${Buffer.from('{"sub":"exports"}').toString('base64url')}.c2ln`;
const fulcio = new URL('https://fulcio.example/ca/');

describe('settings of an identity', () => {
  it('are none without an authority, whatever else is set', () => {
    assert.equal(keylessSettings({ ...complete, EXPORT_CENTER_FULCIO: '' }), undefined);
  });

  for (const [name, change] of [
    ['without a name', { EXPORT_CENTER_IDENTITY: '' }],
    ['without an issuer', { EXPORT_CENTER_IDENTITY_ISSUER: '' }],
    ['without a token', { EXPORT_CENTER_IDENTITY_TOKEN: '' }],
    ['with two tokens', { EXPORT_CENTER_IDENTITY_TOKEN_FILE: '/run/token' }],
    ['with an authority over plain HTTP', { EXPORT_CENTER_FULCIO: 'http://fulcio.example' }],
  ] as const) {
    it(`${name} are refused`, () => {
      assert.throws(() => keylessSettings({ ...complete, ...change }), { code: 'USAGE' });
    });
  }

  it('with a file have the token that is in it now', async (t) => {
    const file = join(await temporaryFolder(t, 'token'), 'token');
    const env = { ...complete, EXPORT_CENTER_IDENTITY_TOKEN: '', EXPORT_CENTER_IDENTITY_TOKEN_FILE: file };
    const settings = keylessSettings(env);
    await assert.rejects(async () => settings?.token(), { code: 'INPUT_INVALID' });
    for (const text of ['first', 'second']) {
      await writeFile(file, `${text}\n`);
      assert.equal(await settings?.token(), text);
    }
  });

  it('without a log and a timestamp authority stop whatever would sign', async (t) => {
    const env = { ...complete, EXPORT_CENTER_TRANSPARENCY_LOG: 'off' };
    const center = await openCenter({ data: await temporaryFolder(t, 'identity'), env });
    atEnd(t, () => center.close());
    await assert.rejects(center.registryStorage(), { code: 'USAGE' });
  });

  it('need a trusted root that names an authority', () => {
    const trustedRoot = Buffer.from('{"mediaType":"application/vnd.dev.sigstore.trustedroot+json;version=0.1"}');
    const identity = { name: 'a', issuer: 'b' };
    assert.throws(() => certificateCheck({ trustedRoot, identity, logs: 1, timestamps: 0 }), { code: 'INPUT_INVALID' });
  });
});

describe('a certificate', () => {
  it('is asked for below the path of the authority, with the token in the body alone', async () => {
    const asked: string[] = [];
    const answer = JSON.stringify({
      signedCertificateEmbeddedSct: { chain: { certificates: ['-----BEGIN CERTIFICATE-----'] } },
    });
    const { certificatePem } = await certifiedKey(fulcio, token, ({ url, headers, body }) => {
      assert.ok(!JSON.stringify([url, headers]).includes(token));
      asked.push(
        url.href,
        (JSON.parse(body.toString()) as { credentials: { oidcIdentityToken: string } }).credentials.oidcIdentityToken,
      );
      return Promise.resolve({ status: 201, body: Buffer.from(answer) });
    });
    assert.deepEqual(asked, ['https://fulcio.example/ca/api/v2/signingCert', token]);
    assert.equal(certificatePem, '-----BEGIN CERTIFICATE-----');
  });

  for (const [status, body, code] of [
    [403, '', 'DENIED'],
    [500, '', 'UNREACHABLE'],
    [200, 'what?', 'UNREACHABLE'],
    [200, '{"signedCertificateEmbeddedSct":{"chain":{"certificates":[]}}}', 'UNREACHABLE'],
  ] as const) {
    it(`that is answered with ${status} ${body} is ${code}, without the token`, async () => {
      const given = certifiedKey(fulcio, token, () => Promise.resolve({ status, body: Buffer.from(body) }));
      await assert.rejects(
        given,
        (error: Error & { code: string }) => error.code === code && !error.message.includes(token),
      );
    });
  }

  it('is not asked for with what is no token', async () => {
    for (const text of ['', 'plain', 'a.b.c', `e30.${Buffer.from('{}').toString('base64url')}.x`]) {
      await assert.rejects(
        certifiedKey(fulcio, text, () => assert.fail('asked')),
        { code: 'INPUT_INVALID' },
      );
    }
  });
});
