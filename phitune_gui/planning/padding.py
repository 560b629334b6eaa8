"""How many tokens the rows of a pass hold together once the shorter ones are filled up."""

from phitune_gui.core.dataset_report import DatasetReport

_USUAL = 1.15
_MOST = 4.0


def padding(report: DatasetReport, rows: int, max_length: int) -> float:
    """Tokens with padding over tokens without, expected for `rows` drawn at random from the measured lengths."""
    if rows == 1:
        return 1.0
    cut = [(min(bound, max_length), count) for bound, count in report.lengths.histogram if count > 0]
    total = sum(count for _bound, count in cut)
    if not total:
        return _USUAL
    below = longest = mean = 0.0
    for bound, count in cut:
        upto = below + count / total
        longest += bound * (upto**rows - below**rows)
        mean += bound * count / total
        below = upto
    return min(max(longest / mean, 1.0), _MOST)
