#!/bin/sh
# The same over HTTP, against: seedal serve --file-root demo-output/world
set -eu
API=${API:-http://127.0.0.1:8000}
WORLD=$(cd "${WORLD:-demo-output/world}" && pwd)

field() { python3 -c "import json,sys; print(json.load(sys.stdin)$1)"; }

answer=$(curl -sS --fail-with-body "$API/v1/datasets" -H 'Content-Type: application/json' -d '{
  "name": "building",
  "source": {"kind": "manifest", "uri": "file://'"$WORLD"'/scenes.jsonl"},
  "features": {"backbone": "'"${BACKBONE:-efficientnet_lite0}"'"}}')
dataset=$(echo "$answer" | field "['dataset']['id']")
operation=$(echo "$answer" | field "['operation']['id']")

while :; do
  state=$(curl -sS --fail-with-body "$API/v1/operations/$operation")
  case $(echo "$state" | field "['status']") in
    succeeded) break ;;
    failed | cancelled) echo "$state" >&2; exit 1 ;;
  esac
  sleep 1
done

curl -sS --fail-with-body "$API/v1/datasets/$dataset/seeds" -H 'Content-Type: application/json' \
  -d '{"budget": {"fraction": 0.10}}'
