"""Python's own managers, for comparison: a registered counter class, served over the default unix socket.

    counter.py serve            prints the address, then serves until its standard input ends
    counter.py drive ADDRESS    reads one cell as a line of JSON, prints its sample as a line of JSON, and so on

The callers are processes, each with a connection of its own. They are forked once, and told what to do through pipes.
"""

import json
import sys
import threading
import time
from multiprocessing import Pipe, Process
from multiprocessing.managers import BaseManager, MakeProxyType

AUTHKEY = b'bench'
MOST_PROCESSES = 16
LONGEST_PHASE = 0.5

clock = time.perf_counter


class Counter:
    def __init__(self):
        self.count = 0

    # No lock: the server's threads could lose an increment, but would only be slower with one.
    def increment(self, by=1):
        self.count += by
        return self.count


# A proxy type of its own spares the creation of an object the lookup of what it exposes.
CounterProxy = MakeProxyType('CounterProxy', ('increment',))


class Manager(BaseManager):
    pass


shared = Counter()
Manager.register('Counter', Counter, CounterProxy)
Manager.register('visits', lambda: shared, CounterProxy)


def serve():
    server = Manager(authkey=AUTHKEY).get_server()
    print(server.address, flush=True)
    threading.Thread(target=end_with_stdin, args=(server,), daemon=True).start()
    server.serve_forever()


def end_with_stdin(server):
    sys.stdin.read()
    server.stop_event.set()


def calls(manager, begin, warmup, seconds):
    """Counts the calls of the measured time, and how long each took."""
    visits = manager.visits()
    visits.increment()
    wait_until(begin)
    opens = begin + warmup
    closes = opens + seconds
    taken = []
    end = clock()
    while end < closes:
        start = clock()
        visits.increment(1)
        end = clock()
        if start >= opens:
            taken.append(end - start)
    return taken, None


def churn(manager, begin, phase, held):
    """One phase: creates objects for a while where none are held, else drops all that are."""
    wait_until(begin)
    taken = []
    first = end = clock()
    if held:
        while held:
            start = clock()
            held.pop()
            end = clock()
            taken.append(end - start)
    else:
        while end - first < phase:
            start = clock()
            held.append(manager.Counter())
            end = clock()
            taken.append(end - start)
    return taken, end


def wait_until(moment):
    time.sleep(max(0, moment - clock()))


def caller(address, pipe, inherited):
    # Only the driver may hold the other ends, so that its death ends the callers.
    for other in inherited:
        other.close()
    manager = Manager(address, authkey=AUTHKEY)
    manager.connect()
    held = []
    while True:
        try:
            kind, begin, *times = pipe.recv()
        except EOFError:
            return
        pipe.send(calls(manager, begin, *times) if kind == 'call' else churn(manager, begin, *times, held))


class Callers:
    def __init__(self, address):
        self.pipes = []
        for _ in range(MOST_PROCESSES):
            ours, theirs = Pipe()
            self.pipes.append(ours)
            Process(target=caller, args=(address, theirs, self.pipes), daemon=True).start()
            theirs.close()

    def run(self, processes, kind, *times):
        # The clock is the same for all processes: they begin together.
        begin = clock() + 0.1
        pipes = self.pipes[:processes]
        for pipe in pipes:
            pipe.send((kind, begin, *times))
        results = [pipe.recv() for pipe in pipes]
        taken = [time for times, _ in results for time in times]
        ends = [end for _, end in results if end is not None]
        return taken, max(ends) - begin if ends else None


def measure(callers, case, processes, warmup, seconds):
    if case == 'call':
        taken, _ = callers.run(processes, 'call', warmup, seconds)
        return taken, seconds
    everything, elapsed = [], 0
    phase = min(LONGEST_PHASE, seconds / 4)
    warm = clock() + warmup
    while elapsed < seconds:
        recording = clock() >= warm
        for kind in ('create', 'release'):
            taken, lasted = callers.run(processes, 'churn', phase)
            if recording and kind == case:
                everything += taken
                elapsed += lasted
    return everything, elapsed


def drive(address):
    callers = Callers(address)
    for line in sys.stdin:
        cell = json.loads(line)
        processes = min(cell['callers'], MOST_PROCESSES)
        taken, elapsed = measure(callers, cell['case'], processes, cell['warmup'], cell['seconds'])
        taken.sort()
        sample = {
            'perSecond': len(taken) / elapsed,
            'p50Us': taken[len(taken) // 2] * 1e6,
            'p99Us': taken[len(taken) * 99 // 100] * 1e6,
        }
        if processes < cell['callers']:
            sample['usedCallers'] = processes
        print(json.dumps(sample), flush=True)


if __name__ == '__main__':
    serve() if sys.argv[1] == 'serve' else drive(sys.argv[2])
