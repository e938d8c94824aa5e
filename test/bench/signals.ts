/** Signals between the two pages of the benchmark; they travel through the driver. */

export type Signal = { readonly lane: string; readonly data: unknown };
declare const toOther: (signal: Signal) => Promise<void>;

const lanes = new Map<string, (data: never) => void | Promise<void>>();
const early = new Map<string, unknown[]>();

export function sendSignal(lane: string, data: unknown): void {
  void toOther({ lane, data });
}

/** What came for the lane before is given first. */
export function listen(lane: string, handler: (data: never) => void | Promise<void>): void {
  lanes.set(lane, handler);
  for (const data of early.get(lane) ?? []) void handler(data as never);
  early.delete(lane);
}

export function receiveSignal({ lane, data }: Signal): void {
  const handler = lanes.get(lane);
  if (handler) void handler(data as never);
  else early.set(lane, [...(early.get(lane) ?? []), data]);
}
