#!/bin/sh
# Run a built image for real: smoke.sh IMAGE. It analyzes 20 s of clicks at 120 BPM, which its own Python writes, and
# its daemon starts, gets healthy and stops. DOCKER=podman takes another engine.
set -eu
image=$1
docker=${DOCKER:-docker}
work=$(mktemp -d)
name=playlista-smoke-$$
trap '$docker rm --force "$name" >/dev/null 2>&1 || true; rm -rf "$work"' EXIT
mkdir "$work/music" "$work/data"
chmod 0777 "$work" "$work/music" "$work/data"

fail() {
    echo "smoke: $*" >&2
    exit 1
}

$docker run --rm --volume "$work/music:/music" --entrypoint python "$image" -c '
import array, wave
samples = array.array("h", [0]) * (20 * 44100)
for beat in range(0, len(samples), 22050):
    samples[beat : beat + 200] = array.array("h", [24000, -24000] * 100)
with wave.open("/music/clicks.wav", "wb") as file:
    file.setnchannels(1), file.setsampwidth(2), file.setframerate(44100), file.writeframes(samples.tobytes())
'

run="run --read-only --tmpfs /tmp --memory 256m --volume $work/music:/music:ro"
# shellcheck disable=SC2086 # each word of it is one
$docker $run --rm "$image" analyze --json /music/clicks.wav >"$work/result.json" || fail "the analysis failed"
python3 - "$work/result.json" <<'CHECK' || fail "the result is not what 120 clicks a minute give"
import json, sys
result = json.load(open(sys.argv[1], encoding="utf-8"))
assert result["status"] == "analyzed", result["status"]
assert abs(result["rhythm"]["bpm"] - 120) < 1, result["rhythm"]
assert len(result["tags"]) == 50, result["tags"]
CHECK

# shellcheck disable=SC2086
$docker $run --detach --name "$name" --volume "$work/data:/data" --env WATCH_SETTLE_SECONDS=0 "$image" >/dev/null
waited=0
until $docker exec "$name" /opt/playlista/bin/python -I /opt/playlista/healthcheck.py >/dev/null 2>&1; do
    [ $waited -lt 120 ] || { $docker logs "$name" && fail "not healthy after two minutes"; }
    sleep 1
    waited=$((waited + 1))
done
$docker stop --time 30 "$name" >/dev/null
code=$($docker inspect "$name" --format '{{.State.ExitCode}}')
[ "$code" = 0 ] || fail "exit code $code after a stop"
echo "smoke: $image analyzes, is healthy and stops"
