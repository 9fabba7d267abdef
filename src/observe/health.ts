// Whether the service can do its work right now: named checks that are asked on every /readyz, each with a time limit,
// so that a database that hangs is seen as down and not as slow.

/** Resolves when the part answered; rejects with the reason when it did not. */
export type HealthCheck = () => Promise<unknown>;

export type HealthReport = {
  readonly ok: boolean;
  readonly checks: readonly { readonly name: string; readonly ok: boolean; readonly reason?: string }[];
};

export interface Health {
  /** Adds a check; a second one of the same name takes the place of the first. */
  register(name: string, check: HealthCheck): void;
  /** From now on not ready, whatever the checks say: the service is about to end. */
  drain(): void;
  ready(): Promise<HealthReport>;
}

/** `timeoutMs` is the time that each check has, 5 seconds by default. */
export function createHealth(timeoutMs = 5_000): Health {
  const checks = new Map<string, HealthCheck>();
  let draining = false;
  return {
    register: (name, check) => void checks.set(name, check),
    drain: () => void (draining = true),
    async ready() {
      const asked = [...checks].map(async ([name, check]) => judge(name, check, timeoutMs));
      const results = await Promise.all(asked);
      if (draining) results.push({ name: 'service', ok: false, reason: 'ending' });
      return { ok: results.every(({ ok }) => ok), checks: results };
    },
  };
}

async function judge(name: string, check: HealthCheck, timeoutMs: number): Promise<HealthReport['checks'][number]> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new Error(`no answer within ${timeoutMs} ms`)), timeoutMs);
  try {
    await Promise.race([check(), late.promise]);
    return { name, ok: true };
  } catch (thrown) {
    return { name, ok: false, reason: thrown instanceof Error ? thrown.message : String(thrown) };
  } finally {
    clearTimeout(timer);
  }
}
