import type { McpServer } from '@modelcontextprotocol/server';
import { ParleyError } from '../base/errors.ts';
import { McpServer as Server, z } from '../mcp/runtime.ts';

/** What the browser tells of the device; each part may be unknown. */
export type DeviceFacts = {
  readonly time: string;
  readonly timeZone: string;
  readonly languages: readonly string[];
  readonly platform: string;
  readonly screen: { readonly width: number; readonly height: number; readonly pixelRatio: number };
  readonly processors?: number;
  readonly online: boolean;
  readonly battery?: { readonly level: number; readonly charging: boolean };
  readonly storage?: { readonly usedBytes: number; readonly quotaBytes: number };
};
export type Place = { readonly latitude: number; readonly longitude: number; readonly accuracyMetres: number };

export type Device = {
  facts(): Promise<DeviceFacts>;
  /** The browser asks the person as well. @throws ParleyError `refused`, `timed-out`, `platform-missing` */
  place(signal: AbortSignal): Promise<Place>;
};

const facts = z.object({
  time: z.string(),
  timeZone: z.string(),
  languages: z.array(z.string()),
  platform: z.string(),
  screen: z.object({ width: z.number(), height: z.number(), pixelRatio: z.number() }),
  processors: z.number().optional(),
  online: z.boolean(),
  battery: z.object({ level: z.number(), charging: z.boolean() }).optional(),
  storage: z.object({ usedBytes: z.number(), quotaBytes: z.number() }).optional(),
});

/** The device agent's server: what this device is and where, for callers whom its owner lets ask. */
export function deviceServer(device: Device): McpServer {
  const server = new Server({ name: 'device', title: 'Device', version: '1.0.0' });
  server.registerTool(
    'device_facts',
    {
      title: 'About the device',
      description: 'Time and time zone, languages, screen, battery, storage, and whether it is online.',
      inputSchema: z.object({}),
      outputSchema: facts,
      annotations: { readOnlyHint: true },
    },
    async () => {
      const { languages, ...rest } = await device.facts();
      const structuredContent = { ...rest, languages: [...languages] };
      return { content: [{ type: 'text', text: JSON.stringify(structuredContent) }], structuredContent };
    },
  );
  server.registerTool(
    'get_location',
    {
      title: 'Where the device is',
      description: 'Latitude and longitude, after the browser asked its owner as well.',
      inputSchema: z.object({}),
      outputSchema: z.object({ latitude: z.number(), longitude: z.number(), accuracyMetres: z.number() }),
      annotations: { readOnlyHint: true },
    },
    async (_, { mcpReq }) => {
      const structuredContent = { ...(await device.place(mcpReq.signal)) };
      return { content: [{ type: 'text', text: JSON.stringify(structuredContent) }], structuredContent };
    },
  );
  return server;
}

/** The device under this page. */
export function browserDevice(): Device {
  return {
    async facts() {
      const { width, height } = screen;
      const [battery, storage] = await Promise.all([batteryOf(), navigator.storage?.estimate?.().catch(() => undefined)]);
      return {
        time: new Date().toISOString(),
        timeZone: Intl.DateTimeFormat().resolvedOptions().timeZone,
        languages: navigator.languages,
        platform: navigator.userAgent,
        screen: { width, height, pixelRatio: devicePixelRatio },
        online: navigator.onLine,
        ...(navigator.hardwareConcurrency ? { processors: navigator.hardwareConcurrency } : {}),
        ...(battery ? { battery } : {}),
        ...(storage?.usage !== undefined && storage.quota !== undefined ? { storage: { usedBytes: storage.usage, quotaBytes: storage.quota } } : {}),
      };
    },
    place: (signal) =>
      new Promise((resolve, reject) => {
        if (!('geolocation' in navigator)) return reject(new ParleyError('platform-missing', 'This browser cannot tell where it is.'));
        signal.addEventListener('abort', () => reject(new ParleyError('cancelled', 'The call was cancelled.')), { once: true });
        navigator.geolocation.getCurrentPosition(
          ({ coords }) => resolve({ latitude: coords.latitude, longitude: coords.longitude, accuracyMetres: coords.accuracy }),
          ({ code, PERMISSION_DENIED }) =>
            reject(
              code === PERMISSION_DENIED
                ? new ParleyError('refused', 'The owner did not let the browser tell where it is.')
                : new ParleyError('timed-out', 'The device does not know where it is.'),
            ),
          { timeout: 30_000, maximumAge: 60_000 },
        );
      }),
  };
}

async function batteryOf(): Promise<DeviceFacts['battery']> {
  const { getBattery } = navigator as { getBattery?: () => Promise<{ level: number; charging: boolean }> };
  const battery = await getBattery?.call(navigator).catch(() => undefined);
  return battery && { level: battery.level, charging: battery.charging };
}
