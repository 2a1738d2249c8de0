#!/usr/bin/env bash
# What only a GPU can tell, in under eight minutes on a bare CUDA machine.
#
#     benchmarks/on_gpu.sh [OUT]            results go into this folder, benchmarks/results by default
#     DEVICE=cpu SECONDS_EACH=1 benchmarks/on_gpu.sh     to try the script itself
#     PAINTINGS=... PHOTOGRAPHS=... MINUTES=4 START=canvas.safetensors benchmarks/on_gpu.sh
#                                           trains the painter with what time is left
#
# Painting alone needs torch, numpy, safetensors and OpenCV; the tests of the GPU need pytest too; film to film
# needs PyAV and the rest. What is missing is named and left out.
set -uo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
out=${1:-$root/benchmarks/results}
device=${DEVICE:-cuda} each=${SECONDS_EACH:-5} python=${PYTHON:-python3}
mkdir -p "$out"
home=$(mktemp -d)
trap 'rm -rf "$home"' EXIT
ln -s "$root" "$home/stylize_video" # the package is this folder
export PYTHONPATH="$home${PYTHONPATH:+:$PYTHONPATH}" PYTHONUNBUFFERED=1
cd "$root"
failed=0

say() { printf '\n== %s (%s s so far)\n' "$*" "$SECONDS"; }
has() { "$python" -c "import $1" 2>/dev/null; }
try() { "$@" || { echo "FAILED: $*"; failed=1; }; }

command -v nvidia-smi >/dev/null && nvidia-smi --query-gpu=name,driver_version,memory.total --format=csv

say "painting alone"
try "$python" benchmarks/gpu_painting.py --device "$device" --seconds "$each" --json "$out/gpu_painting.json"

say "tests marked gpu"
if has pytest && has av && has typer; then
    [[ $device == cuda ]] && export STYLIZE_VIDEO_REQUIRE_GPU=1
    # One process, and whatever of pytest's plug-ins is there; of files that need more, none is imported.
    mapfile -t files < <(grep -rlE '(pytest\.mark|pytestmark = .*)\.?gpu' tests --include='test_*.py')
    try "$python" -m pytest -q -m gpu -p no:cacheprovider -o addopts=--import-mode=importlib "${files[@]}"
else
    echo "left out: pytest, PyAV or typer is missing"
fi

say "film to film"
if has av && has cv2 && has typer; then
    for size in 640 1920 3840; do
        for steady in --no-stabilize --stabilize; do
            echo "longer side $size, $steady"
            try "$python" benchmarks/gpu_film.py --device "$device" --size "$size" "$steady" \
                --json "$out/gpu_film_$size$steady.json"
        done
    done
else
    echo "left out: PyAV, OpenCV or typer is missing"
fi

if [[ ${PAINTINGS:-} && ${PHOTOGRAPHS:-} ]]; then
    say "training the painter"
    try "$python" benchmarks/train_painter.py --paintings "$PAINTINGS" --photographs "$PHOTOGRAPHS" \
        --out "$out/canvas.safetensors" ${START:+--start "$START"} --device "$device" --minutes "${MINUTES:-4}" \
        --batch-size "${BATCH:-16}" --crop "${CROP:-256}" --workers "${WORKERS:-12}" --steps "${STEPS:-12000}"
fi

say "done"
exit "$failed"
