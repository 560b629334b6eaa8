"""How much of the machine's processor time other programs take, because their load makes each step longer than it is here."""

import psutil


def others_seconds() -> float:
    """Processor seconds that all programs but this process have taken since the machine started; differences of two are of use."""
    times = psutil.cpu_times()._asdict()
    idle = times["idle"] + times.get("iowait", 0.0)
    twice = times.get("guest", 0.0) + times.get("guest_nice", 0.0)  # Linux counts virtual machines among the other kinds as well
    own = psutil.Process().cpu_times()
    return float(sum(times.values()) - idle - twice - own.user - own.system)
