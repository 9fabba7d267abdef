// Something that is opened when it is first asked for, and then kept. A failure is not kept.

export type Once<Value> = (() => Promise<Value>) & { started(): boolean };

export function once<Value>(open: () => Promise<Value>): Once<Value> {
  let value: Promise<Value> | undefined;
  const get = (): Promise<Value> => {
    value ??= open().catch((error: unknown) => {
      value = undefined;
      throw error;
    });
    return value;
  };
  return Object.assign(get, { started: () => value !== undefined });
}
