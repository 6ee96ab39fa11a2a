#!/bin/sh
# A tenth of what the whole building costs: which rooms first?
set -eu
seedal select --root "${WORLD:-demo-output/world}/scenes.jsonl" --budget 10% \
  --backbone "${BACKBONE:-efficientnet_lite0}" --format csv --out "${OUT:-seed}"
