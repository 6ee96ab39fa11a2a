#!/bin/sh
# Two rounds of labelling with any platform: a seed out as numbers, labels back in, the next seed.
# Against a running `seedal serve --file-root demo-output/world` (or with API and WORLD set).
set -eu
API=${API:-http://127.0.0.1:8000}
WORLD=${WORLD:-$PWD/demo-output/world}
BACKBONE=${BACKBONE:-auto}

json() { python3 -c "import json, sys; print(json.load(sys.stdin)$1)"; }
post() { curl -sSf "$API$1" -H 'Content-Type: application/json' -H "Prefer: wait=60" -d "$2"; }

DATASET=$(post /v1/datasets '{
  "name": "rounds",
  "source": {"kind": "manifest", "uri": "file://'"$WORLD"'/scenes.jsonl"},
  "features": {"backbone": "'"$BACKBONE"'"}}' | json '["dataset"]["id"]')
until [ "$(curl -sSf "$API/v1/datasets/$DATASET" | json '["status"]')" = ready ]; do sleep 1; done

# The first round: three tenths of everything.
FIRST=$(post "/v1/datasets/$DATASET/seeds" '{"budget": {"fraction": 0.3}, "gap": 0.01}' | json '["id"]')
curl -sSf "$API/v1/seeds/$FIRST/export?format=priorities"  # rank and priorities, one row a scene
curl -sSf "$API/v1/seeds/$FIRST/export?format=jsonl" | head -c 300; echo ' ...'

# The platform has them; then an annotator labels all but the last, which is still queued.
curl -sSf "$API/v1/seeds/$FIRST" | python3 -c '
import json, sys
scenes = [scene["scene_id"] for scene in json.load(sys.stdin)["scenes"]]
events = [{"scene_id": name, "state": "queued", "ref": name} for name in scenes]
events += [{"scene_id": name, "state": "labelled", "ref": name} for name in scenes[:-1]]
json.dump({"events": events}, sys.stdout)' >events.json
post "/v1/datasets/$DATASET/labels" @events.json
rm events.json
echo

# The second round: six tenths of everything, what is labelled already taken off. The queued one stays.
post "/v1/datasets/$DATASET/seeds" '{
  "budget": {"fraction": 0.6, "includes_labelled": true},
  "constraints": {"labelled_from": "ledger", "keep_queued": true},
  "gap": 0.01}' | python3 -c '
import json, sys
seed = json.load(sys.stdin)
budget = seed["budget"]
print("second round:", len(seed["scenes"]), "scenes")
print("labelled so far:", len(seed["constraints"]["labelled"]), "scenes for", round(budget["spent"]))
print("left to spend:", round(budget["limit"]), budget["resource"])'
