/** What an instance is told by the process that starts it. */
export interface WebSettings {
  /** Its name, in the census and on the page. */
  instance: string;
  redis: string;
  namespace: string;
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
