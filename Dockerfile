# For batches: CPU only, and nobody's root.
#   docker build -t tocaffe . && docker run --rm -v "$PWD:/models" tocaffe batch zoo.toml
FROM python:3.12-slim

WORKDIR /src
COPY constraints.txt setup.cfg setup.py pyproject.toml README.md LICENSE ./
COPY caffe_ir caffe_ir
COPY converters converters
# Torch without CUDA is a tenth of the other one, and lies elsewhere: give its index if yours has it.
ARG TORCH_INDEX=""
RUN if [ -n "$TORCH_INDEX" ]; then pip install --no-cache-dir --index-url "$TORCH_INDEX" torch; fi \
    && pip install --no-cache-dir -c constraints.txt '.[pytorch,verify,hdf5,mnn]' \
    && rm -rf /src

RUN useradd --create-home convert
USER convert
WORKDIR /models
ENTRYPOINT ["convert"]
CMD ["--help"]
