import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { SharedType, sharedType, type SharedProxy } from '../definition/index.js';
import { failure, House } from './house.suite.js';
import type { Manager } from './index.js';

class Secret {
  tell(): string {
    return 'secret';
  }
}

@SharedType({ exposed: ['open', 'echo', 'big', 'strange', 'mixed'] })
class Box {
  opened = 0;
  open(): number {
    return ++this.opened;
  }
  echo(value: unknown): unknown {
    return value;
  }
  big(length: number): string {
    return 'x'.repeat(length);
  }
  strange(): unknown {
    return { deep: [new Secret()] };
  }
  mixed(): unknown {
    return [new Inner(), () => 1];
  }
  hidden(): string {
    return 'hidden';
  }
}

@SharedType()
class Inner {
  touch(): void {}
}

type Anything = Record<string, (...args: unknown[]) => Promise<unknown>>;

const MESSAGE_BYTES = 10_000;
let house: House;
let manager: Manager;
let box: SharedProxy<Box>;
let tableSize: () => number;

beforeEach(async () => {
  house = new House();
  const server = await house.server([Box, Inner], { limits: { messageBytes: MESSAGE_BYTES } });
  tableSize = () => server.table.size;
  manager = house.manager();
  box = await manager.create(Box);
});
afterEach(async () => {
  // Whatever went wrong concerned one call only.
  expect(await box.open()).toBe(1);
  await house.close();
});

/** A proxy that answers every name, as one made before the server was reached. */
async function lazyBox(): Promise<Anything> {
  return manager.named('box').lazy(Box) as unknown as Anything;
}

describe('a method', () => {
  it('that is not exposed is not there, and fails by its name where the proxy cannot know', async () => {
    expect((box as unknown as Anything)['hidden']).toBeUndefined();
    const lazy = await lazyBox();
    const error = await failure((lazy['hidden'] as Anything[string])());
    expect(error).toMatchObject({ code: 'ERR_MANAGER_METHOD_NOT_EXPOSED', method: 'hidden', fate: 'not-executed' });
    expect(error.message).toContain('It exposes: open, echo, big, strange, mixed');
  });

  it.each(['__proto__', 'constructor', 'toString', 'hasOwnProperty', '__defineGetter__', 'onSharedDispose', 'then'])(
    'named %s is never remote',
    async (name) => {
      const { Handle } = await import('../definition/index.js');
      const { handleOf } = await import('../definition/index.js');
      const handle = handleOf(box);
      expect(handle).toBeInstanceOf(Handle);
      expect(await failure((handle as InstanceType<typeof Handle>).call(name, []))).toMatchObject({
        code: 'ERR_MANAGER_METHOD_NOT_EXPOSED',
        fate: 'not-executed',
      });
    },
  );

  it('that is missing on the instance was not executed', async () => {
    class Odd extends Inner {}
    Object.defineProperty(Odd.prototype, 'touch', { value: 5 });
    const { defineFactory } = await import('../definition/index.js');
    await house.server([defineFactory({ typeid: 'Odd', type: Inner }, () => new Odd())], { name: 'odd' });
    const odd = (await manager.create('Odd')) as unknown as Anything;
    expect(await failure((odd['touch'] as Anything[string])())).toMatchObject({
      code: 'ERR_MANAGER_METHOD_NOT_EXPOSED',
      fate: 'not-executed',
    });
  });
});

describe('a type', () => {
  it('that no server has fails at once, and names what there is', async () => {
    const error = await failure(manager.create('Nothing'));
    expect(error).toMatchObject({ code: 'ERR_MANAGER_TYPE_NOT_REGISTERED', typeid: 'Nothing', fate: 'not-executed' });
    expect(error.message).toContain('Box');
  });

  it('that the named server has not fails likewise', async () => {
    const token = sharedType<object>('Nothing');
    expect(await failure(manager.at('default').create(token))).toMatchObject({
      code: 'ERR_MANAGER_TYPE_NOT_REGISTERED',
      fate: 'not-executed',
    });
  });
});

describe('a value that cannot be carried', () => {
  it('in an argument fails here, before anything is sent', async () => {
    const error = await failure(box.echo({ a: [() => 1] }));
    expect(error).toMatchObject({ code: 'ERR_MANAGER_ENCODING', fate: 'not-executed', method: 'echo' });
    expect(error.message).toContain('args[0].a[0]');
  });

  it('in an argument that is an instance of a shared class says to pass its proxy', async () => {
    expect(await failure(box.echo(new Secret()))).toMatchObject({ code: 'ERR_MANAGER_ENCODING', fate: 'not-executed' });
  });

  it('in an argument that is the manager says what it is', async () => {
    const error = await failure(box.echo({ manager }));
    expect(error).toMatchObject({ code: 'ERR_MANAGER_ENCODING', fate: 'not-executed' });
    expect(error.message).toMatch(/args\[0\]\.manager.*Manager/);
  });

  it('in a result fails there, where the method has run', async () => {
    const error = await failure(box.strange());
    expect(error).toMatchObject({ code: 'ERR_MANAGER_ENCODING', fate: 'executed' });
    expect(error.message).toMatch(/result\.deep\[0\].*Secret/);
  });

  it('in a result takes the references beside it back', async () => {
    const before = tableSize();
    expect(await failure(box.mixed())).toMatchObject({ code: 'ERR_MANAGER_ENCODING', fate: 'executed' });
    expect(tableSize()).toBe(before);
  });
});

describe('a message over the limit', () => {
  it('of arguments is refused here', async () => {
    expect(await failure(box.echo('x'.repeat(MESSAGE_BYTES)))).toMatchObject({
      code: 'ERR_MANAGER_PAYLOAD_TOO_LARGE',
      fate: 'not-executed',
    });
  });

  it('of a result is refused there', async () => {
    expect(await failure(box.big(MESSAGE_BYTES))).toMatchObject({
      code: 'ERR_MANAGER_PAYLOAD_TOO_LARGE',
      fate: 'executed',
    });
    expect(await box.big(MESSAGE_BYTES - 100)).toHaveLength(MESSAGE_BYTES - 100);
  });

  it('by its depth is refused here', async () => {
    let deep: unknown = 1;
    for (let i = 0; i < 300; i++) deep = [deep];
    expect(await failure(box.echo(deep))).toMatchObject({
      code: 'ERR_MANAGER_PAYLOAD_TOO_LARGE',
      fate: 'not-executed',
    });
  });
});
