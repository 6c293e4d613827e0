"""What Python's manager serves, and what one caller does with it."""

import queue
import threading
from multiprocessing import resource_tracker
from multiprocessing.managers import AcquirerProxy, DictProxy, MakeProxyType, SyncManager
from multiprocessing.shared_memory import SharedMemory


class Counter:
    def __init__(self):
        self.count = 0

    # No lock: the server's threads could lose an increment, but would only be slower with one.
    def increment(self, by=1):
        self.count += by
        return self.count


# A proxy type of its own spares the creation of an object the lookup of what it exposes.
CounterProxy = MakeProxyType('CounterProxy', ('increment',))


class Manager(SyncManager):
    pass


class Blocks:
    """The block of the run: made by the server when it is first asked for, and unlinked by it."""

    def __init__(self):
        self.block = None

    def name(self):
        if self.block is None:
            self.block = SharedMemory(create=True, size=BLOCK_BYTES)
        return self.block.name

    def unlink(self):
        if self.block is not None:
            self.block.unlink()


BLOCK_BYTES = 64 * 1024 * 1024
visits = Counter()
blocks = Blocks()
jobs = queue.Queue()
contended = threading.Lock()
ledger = {}
Manager.register('Counter', Counter, CounterProxy)
Manager.register('visits', lambda: visits, CounterProxy)
Manager.register('jobs', lambda: jobs)
Manager.register('contended', lambda: contended, AcquirerProxy)
Manager.register('ledger', lambda: ledger, DictProxy)
Manager.register('blocks', lambda: blocks)


def call(manager, caller):
    counter = manager.visits()
    return lambda: counter.increment(1), None


def put_get(manager, caller):
    shared = manager.jobs()

    def operate():
        shared.put(caller)
        shared.get()

    return operate, None


def own_lock(manager, caller):
    lock = manager.Lock()

    def operate():
        lock.acquire()
        lock.release()

    return operate, None


def one_lock(manager, caller):
    lock = manager.contended()
    return lock.acquire, lock.release


def set_get(manager, caller):
    shared = manager.ledger()
    key = f'key {caller}'

    def operate():
        shared[key] = caller
        shared[key]

    return operate, None


def attached(manager):
    block = SharedMemory(name=manager.blocks().name())
    # It is the server's: otherwise this process would unlink it at its end, and complain.
    resource_tracker.unregister(block._name, 'shared_memory')
    return block


def ranged_read(manager, caller):
    block = attached(manager)
    offset = 0

    def operate():
        nonlocal offset
        offset = (offset + 4_999_999) % (BLOCK_BYTES - 64)
        return bytes(block.buf[offset:offset + 64])

    return operate, None


def bulk(manager, caller):
    block = attached(manager)
    size = 1024 * 1024
    data = b'bench' * (size // 5) + b'b' * (size % 5)
    target = memoryview(bytearray(size))
    offset = 0

    def operate():
        nonlocal offset
        offset = (offset + size) % BLOCK_BYTES
        block.buf[offset:offset + size] = data
        target[:] = block.buf[offset:offset + size]

    return operate, None


# By case: makes what a caller times again and again, and what it does in between.
OPERATIONS = {
    'call': call,
    'queue': put_get,
    'lock': own_lock,
    'lock-contended': one_lock,
    'dict': set_get,
    'shared-memory': ranged_read,
    'shared-memory-bulk': bulk,
}
