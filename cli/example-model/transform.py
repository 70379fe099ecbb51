"""After the best trial, Neptune runs this without arguments, to compute the artefacts for deployment."""

import os
import shutil
from pathlib import Path


def main():
    model = Path(os.environ["SM_MODEL_DIR"], "model.json")
    shutil.copy(model, Path(os.environ["SM_OUTPUT_DATA_DIR"], "predictions.json"))


if __name__ == "__main__":
    main()
