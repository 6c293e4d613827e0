/** How a name keeps its object; the first who asks for the name decides. */
export type KeepOption = 'always' | 'referenced' | { idle: number };

/** What `debugInfo()` gives. */
export interface DebugInfo {
  servers: ServerDebugInfo[];
}

/** One server in `debugInfo()`. */
export interface ServerDebugInfo {
  server: string;
  generation: number;
  objects: ObjectDebugInfo[];
}

/** One object in `debugInfo()`. */
export interface ObjectDebugInfo {
  id: number;
  typeid: string;
  name?: string;
  /** Ms since 1970. */
  createdAt: number;
  /** What `util.inspect` shows of the instance, in at most 75 characters. */
  preview: string;
  holders: HolderDebugInfo[];
}

/** One holder of an object in `debugInfo()`; which of the fields are there depends on `kind`. */
export interface HolderDebugInfo {
  kind: 'session' | 'ticket' | 'name' | 'call' | 'iterator' | 'object' | 'server';
  /** Ms since 1970. */
  since?: number;
  session?: string;
  application?: string;
  host?: string;
  pid?: number;
  grants?: number;
  name?: string;
  keep?: KeepOption;
  running?: number;
}
