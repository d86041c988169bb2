"""fail2ban's own filter and fail manager over a recorded log, on the lines' own clock, without its polling waits.

usage: fail2ban_on_a_log.py LOG REGEX... (with the group <F-ID>); prints `FIRED session seconds` for every ban.
"""
import sys

from fail2ban.server.filter import FileContainer, FileFilter
from fail2ban.server.mytime import MyTime

FIND_TIME = 300
# A ban comes with the sixth failure.
MAX_RETRY = 6


class Actions:
    banEpoch = 0


class Jail:
    name = "bench"
    database = None
    actions = Actions()

    def putFailTicket(self, ticket):
        print("FIRED", ticket.getID(), MyTime.time())


def main(path, expressions):
    log_filter = FileFilter(Jail(), useDns="no")
    log_filter.setDatePattern(r"^%Y-%m-%dT%H:%M:%S\.%f\d*Z")
    log_filter.setLogTimeZone("UTC")
    log_filter.setFindTime(FIND_TIME)
    log_filter.setMaxRetry(MAX_RETRY)
    log_filter.failManager.setMaxTime(FIND_TIME)
    for expression in expressions:
        log_filter.addFailRegex(expression)
    log_filter.checkFindTime = False
    detector = log_filter.dateDetector
    container = FileContainer(path, "utf-8")
    container.open()
    clock = None
    while True:
        line = container.readline()
        if line is None:
            break
        stamp = line[:19]
        if stamp != clock:
            clock = stamp
            found = detector.getTime(line)
            if found:
                MyTime.setTime(found[0])
        log_filter.processLineAndAdd(line.rstrip("\r\n"))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
