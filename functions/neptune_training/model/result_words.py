"""A job's `result` in words, for people: e-mails, `neptune-training show`, the end of `make run`."""

from collections.abc import Iterator


def in_words(result: object, most_lines: int = 30) -> Iterator[str]:
    """Yield lines such as "Best trial: accuracy 0.9432 after 412 s", with the last `most_lines` lines of a log.

    Yields nothing for what has another form: a person may have written it.
    """
    match result:
        case {"trials": dict(counts)}:
            yield f"Trials: {', '.join(f'{count} {how}' for how, count in counts.items())}"
    match result:
        case {"bestTrial": {"metric": {"name": name, "value": value}, **best}}:
            yield f"Best trial: {name} {value}" + (f" after {best['seconds']} s" if "seconds" in best else "")
    match result:
        case {"bestTrial": {"hyperparameters": dict(tuned)}} if tuned:
            yield f"With: {', '.join(f'{name}={value}' for name, value in tuned.items())}"
        case {"log": {"group": group, "stream": stream, "lines": list(lines)}}:
            yield f"The end of the log {group} {stream}:"
            yield from (f"  {line}" for line in lines[-most_lines:])
        case {"log": {"group": group, "stream": stream, "command": command}}:
            yield f"The log {group} {stream} says why. Its last lines: {command}"
        case {"log": {"group": group, "stream": stream}}:
            yield f"The log {group} {stream} says why."
