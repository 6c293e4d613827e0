/** A URL as it may be shown in a log: the password and whatever stands in the query are left out. */
export function redactedUrl(text: string): string {
  if (!URL.canParse(text)) return '(unreadable)';
  const url = new URL(text);
  if (url.password) url.password = '***';
  // ioredis reads options from there, `password` among them.
  if (url.search) url.search = '?***';
  return url.href;
}
