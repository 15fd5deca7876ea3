#!/bin/sh
# From a folder of labelled photos to a model in onnxruntime, in three minutes on two cores:
#
#     sh examples/first_hour.sh FOLDER
#
# FOLDER is made. The photos are drawn shapes, and the network is small; with photos of your own
# leave out the first command, and take yolov4-tiny instead of small.cfg. The two scripts run in the
# Python that dtorch is installed in; PYTHON=... names another one.
set -eu
fail() {
    echo "first_hour.sh: $1" >&2
    exit 2
}
[ $# -eq 1 ] || fail "expected one word, the folder to make: sh examples/first_hour.sh FOLDER"
[ ! -e "$1" ] || fail "$1 exists already; name a folder that does not, or remove it"
dtorch=$(command -v dtorch) ||
    fail "no dtorch on the PATH; activate its environment first: . .venv/bin/activate"
neighbour=$(dirname "$(readlink -f "$dtorch")")/python
[ -x "$neighbour" ] || neighbour=python3
python=${PYTHON:-$neighbour}
"$python" -c "import cv2, onnxruntime" ||
    fail "$python has no OpenCV or no onnxruntime; PYTHON=... names the Python of dtorch"
examples=$(cd "$(dirname "$0")" && pwd)
mkdir "$1"
cd "$1"
set -x

"$python" "$examples/draw_shapes.py" photos --pictures 120

# The data: what is there, what is wrong with it, a cfg for its classes, anchors for its boxes.
dtorch dataset init photos
dtorch check photos/dataset.data
dtorch new "$examples/small.cfg" --data photos/dataset.data --max-batches 900 --out shapes.cfg
dtorch kmeans --cfg shapes.cfg --data photos/dataset.data --write shapes.cfg
dtorch check shapes.cfg photos/dataset.data

# The training: the power fails after 30 seconds, and it goes on from its last saved iteration.
timeout -s KILL 30 dtorch train --cfg shapes.cfg --data photos/dataset.data --map --save-last 20 || true
dtorch train --cfg shapes.cfg --data photos/dataset.data --map --resume

# The result: measured, looked at, and taken elsewhere.
dtorch eval --cfg shapes.cfg --data photos/dataset.data --weights runs/shapes/shapes_best.weights
dtorch detect runs/shapes/shapes_best.weights photos/shapes_000.jpg --save found
dtorch convert --nms runs/shapes/shapes_best.weights shapes.onnx
"$python" "$examples/detect_onnx.py" shapes.onnx photos/shapes_000.jpg
