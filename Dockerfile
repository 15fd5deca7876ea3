# dtorch on a CPU, without a screen:
#   docker build --tag dtorch .
#   docker run --rm --volume "$PWD:/data" dtorch detect custom.weights photo.jpg
FROM python:3.11-slim

WORKDIR /source
COPY . .
# PyTorch's CPU build counts as newer than the build with CUDA of the same version, so pip takes it.
# OpenCV's two packages write the same files: the one is removed before the other is installed.
RUN python -m pip install --no-cache-dir --constraint constraints.txt \
        --extra-index-url https://download.pytorch.org/whl/cpu . \
    && python -m pip uninstall --yes opencv-python \
    && python -m pip install --no-cache-dir --constraint constraints.txt opencv-python-headless \
    && rm -rf build *.egg-info

RUN useradd --create-home user
USER user
WORKDIR /data
ENTRYPOINT ["dtorch"]
CMD ["--help"]
