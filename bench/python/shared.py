"""What Python's manager serves, and what one caller does with it."""

import queue
import threading
from multiprocessing.managers import AcquirerProxy, DictProxy, MakeProxyType, SyncManager


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


visits = Counter()
jobs = queue.Queue()
contended = threading.Lock()
ledger = {}
Manager.register('Counter', Counter, CounterProxy)
Manager.register('visits', lambda: visits, CounterProxy)
Manager.register('jobs', lambda: jobs)
Manager.register('contended', lambda: contended, AcquirerProxy)
Manager.register('ledger', lambda: ledger, DictProxy)


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


# By case: makes what a caller times again and again, and what it does in between.
OPERATIONS = {'call': call, 'queue': put_get, 'lock': own_lock, 'lock-contended': one_lock, 'dict': set_get}
