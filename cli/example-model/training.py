"""The smallest custom model that keeps Neptune ML's contract: the share of each label, learned from the training data.

Neptune runs `python3 training.py --param value …` with the parameters of model-hpo-configuration.json and more of its
own, which a script must tolerate. SageMaker says by environment variables where the data is and where the model goes.
"""

import argparse
import json
import os
from collections import Counter
from pathlib import Path


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("--smoothing", type=float, default=1.0)
    parser.add_argument("--minimum-count", type=int, default=1)
    known, _of_neptune = parser.parse_known_args()
    return known


def labels(directory):
    for path in sorted(Path(directory).rglob("*.csv")):
        with path.open() as lines:
            yield from (line.rstrip("\n").rpartition(",")[2] for line in lines)


def main():
    chosen = arguments()
    counts = Counter(labels(os.environ["SM_CHANNEL_TRAIN"]))
    kept = {label: count + chosen.smoothing for label, count in counts.items() if count >= chosen.minimum_count}
    total = sum(kept.values()) or 1.0
    model = {label: weight / total for label, weight in kept.items()}
    Path(os.environ["SM_MODEL_DIR"], "model.json").write_text(json.dumps(model))
    print(f"validation accuracy: {max(model.values(), default=0.0):.4f}")  # the metric that Regex reads


if __name__ == "__main__":
    main()
