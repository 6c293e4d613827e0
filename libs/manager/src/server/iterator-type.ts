import { defineFactory, ITERATOR, type TypeDefinition } from '../definition/index.js';
import { ConfigurationError } from '../protocol/index.js';
import { HostedIterator } from './hosted-iterator.js';

const members = ['next', 'return', 'throw', 'pull'] as const;

/** The type of the iterators that results carry. Every server has it; nobody creates one. */
export const iteratorType: TypeDefinition = defineFactory(
  { typeid: ITERATOR, type: HostedIterator, exposed: [...members], waits: [...members] },
  () => {
    throw new ConfigurationError('An iterator comes from a call that returns one.', { fate: 'not-executed' });
  },
);
