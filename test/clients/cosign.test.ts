// Unmodified cosign on every kind of bundle in our registry: signature, provenance, and what must fail.

import { before, describe, it } from 'node:test';
import { skipWithout } from '../judges.ts';
import { suiteScope } from '../registry/suite-scope.ts';
import { cosignRefuses, cosigns, cosignVerifies, withStrangersKey } from './cosign.ts';
import { fetchManifest, openPublisher, type Day, type Publisher } from './publisher.ts';

describe('a consumer with the public key', () => {
  const scope = suiteScope();
  let publisher: Publisher;
  let first: Day;
  let second: Day;

  before(async () => {
    publisher = await openPublisher(scope);
    first = await publisher.publish(1);
    second = await publisher.publish(2);
  });

  const reference = (name: string): string => `${publisher.service.host}/default/${name}`;

  for (const version of cosigns) {
    const skip = skipWithout(version);
    const title = version === 'cosign' ? 'cosign 3.1' : 'cosign 2.6 with the trusted root';

    it(`verifies the newest bundles with ${title}`, { skip }, async () => {
      await cosignVerifies(version, publisher, reference('mirror:latest'), second.full.digest);
      await cosignVerifies(version, publisher, reference('mirror:delta'), second.delta.digest);
      await cosignVerifies(version, publisher, reference('json-raw:latest'), second.raw.digest);
    });

    it(`verifies the bundles of the day before by digest with ${title}`, { skip }, async () => {
      for (const { digest } of [first.full, first.delta]) {
        await cosignVerifies(version, publisher, reference(`mirror@${digest}`), digest);
      }
      await cosignVerifies(version, publisher, reference(`json-raw@${first.raw.digest}`), first.raw.digest);
    });

    it(`is refused with another key by ${title}`, { skip }, async () => {
      const stranger = await withStrangersKey(publisher);
      for (const name of ['mirror:latest', 'mirror:delta', 'json-raw:latest']) {
        await cosignRefuses(version, stranger, reference(name));
      }
    });

    it(`is refused what carries no signature, such as a child of the index, by ${title}`, { skip }, async () => {
      const { manifests = [] } = await fetchManifest(publisher, 'mirror', second.full.digest);
      for (const { digest } of manifests) await cosignRefuses(version, publisher, reference(`mirror@${digest}`));
    });
  }
});
