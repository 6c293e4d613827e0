/** Redis, or an embedded server of this address, which the first instance starts. */
export type DemoMedium =
  { readonly redis: string; readonly namespace: string } | { readonly address: string; readonly idle: number };

/** What an instance is told by the process that starts it. */
export interface WebSettings {
  /** Its name, in the census and on the page. */
  instance: string;
  /** How the instances reach what they share. */
  medium: DemoMedium;
  /** Hits of one address in a window. */
  limit: number;
  /** Milliseconds. */
  window: number;
  /** Entries that the log holds. */
  capacity: number;
}

/** The variable that carries them. */
export const WEB_SETTINGS = 'DEMO_WEB_SETTINGS';

export function readWebSettings(): WebSettings {
  const text = process.env[WEB_SETTINGS];
  if (text === undefined) throw new Error(`An instance is started by the demo, which sets ${WEB_SETTINGS}.`);
  return JSON.parse(text) as WebSettings;
}
