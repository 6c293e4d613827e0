"""Python's own managers, for comparison: a registered class and the built-in types, served over the default unix socket.

    driver.py serve            prints the address, then serves until its standard input ends
    driver.py drive ADDRESS    reads one cell as a line of JSON, prints its sample as a line of JSON, and so on

The callers are processes, each with a connection of its own. They are forked once, and told what to do through pipes.
"""

import json
import sys
import threading
import time
from multiprocessing import Pipe, Process

from shared import OPERATIONS, Manager, blocks

AUTHKEY = b'bench'
MOST_PROCESSES = 16
LONGEST_PHASE = 0.5

clock = time.perf_counter


def serve():
    server = Manager(authkey=AUTHKEY).get_server()
    print(server.address, flush=True)
    threading.Thread(target=end_with_stdin, args=(server,), daemon=True).start()
    try:
        server.serve_forever()
    finally:
        blocks.unlink()


def end_with_stdin(server):
    sys.stdin.read()
    server.stop_event.set()


def repeat(operate, after, begin, warmup, seconds):
    """How long each operation of the measured time took; what comes after it is not timed."""
    wait_until(begin)
    opens = begin + warmup
    closes = opens + seconds
    taken = []
    end = clock()
    while end < closes:
        start = clock()
        operate()
        end = clock()
        if after:
            after()
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


def caller(number, address, pipe, inherited):
    # Only the driver may hold the other ends, so that its death ends the callers.
    for other in inherited:
        other.close()
    manager = Manager(address, authkey=AUTHKEY)
    manager.connect()
    held = []
    known = {}
    while True:
        try:
            kind, begin, *times = pipe.recv()
        except EOFError:
            return
        if kind == 'churn':
            pipe.send(churn(manager, begin, *times, held))
            continue
        if kind not in known:
            known[kind] = OPERATIONS[kind](manager, number)
        pipe.send(repeat(*known[kind], begin, *times))


class Callers:
    def __init__(self, address):
        self.pipes = []
        for number in range(MOST_PROCESSES):
            ours, theirs = Pipe()
            self.pipes.append(ours)
            Process(target=caller, args=(number, address, theirs, self.pipes), daemon=True).start()
            theirs.close()

    def run(self, processes, kind, *times):
        # The clock is the same for all processes: they begin together.
        begin = clock() + 0.1
        pipes = self.pipes[:processes]
        for pipe in pipes:
            pipe.send((kind, begin, *times))
        results = [pipe.recv() for pipe in pipes]
        ends = [end for _, end in results if end is not None]
        return [taken for taken, _ in results], max(ends) - begin if ends else None


def measure(callers, case, processes, warmup, seconds):
    """What each process took, and in how much time."""
    if case in OPERATIONS:
        return callers.run(processes, case, warmup, seconds)[0], seconds
    everything, elapsed = [[] for _ in range(processes)], 0
    phase = min(LONGEST_PHASE, seconds / 4)
    warm = clock() + warmup
    while elapsed < seconds:
        recording = clock() >= warm
        for kind in ('create', 'release'):
            taken, lasted = callers.run(processes, 'churn', phase)
            if recording and kind == case:
                for all_of_one, of_one in zip(everything, taken):
                    all_of_one += of_one
                elapsed += lasted
    return everything, elapsed


def percentile(groups, part):
    """The largest of the groups'."""
    return max(sorted(group)[int(len(group) * part)] for group in groups if group) * 1e6


def drive(address):
    callers = Callers(address)
    for line in sys.stdin:
        cell = json.loads(line)
        processes = min(cell['callers'], MOST_PROCESSES)
        taken, elapsed = measure(callers, cell['case'], processes, cell['warmup'], cell['seconds'])
        everything = [time for times in taken for time in times]
        # As the other systems: of processes that want the same lock, the one that waited longest counts.
        groups = taken if cell['case'] == 'lock-contended' else [everything]
        sample = {
            'perSecond': len(everything) / elapsed,
            'p50Us': percentile(groups, 0.5),
            'p99Us': percentile(groups, 0.99),
        }
        if processes < cell['callers']:
            sample['usedCallers'] = processes
        print(json.dumps(sample), flush=True)


if __name__ == '__main__':
    serve() if sys.argv[1] == 'serve' else drive(sys.argv[2])
