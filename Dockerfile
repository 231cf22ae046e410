# The playground and the JSON API, on the CPU:
#     docker build -t n2m . && docker run --rm -p 7860:7860 n2m
# PyTorch's CPU build is several gigabytes smaller than the default one: pass its index, as pytorch.org names it, with
# --build-arg TORCH_INDEX=...
FROM python:3.11-slim
ARG TORCH_INDEX=
RUN useradd --create-home --uid 1000 n2m && mkdir /home/n2m/n2m && chown n2m /home/n2m/n2m
WORKDIR /home/n2m/n2m
COPY --chown=n2m . .
RUN pip install --no-cache-dir -c constraints.txt ${TORCH_INDEX:+--index-url "$TORCH_INDEX"} torch \
    && pip install --no-cache-dir -c constraints.txt -e '.[serve]'
USER n2m
ENV N2M_CACHE=/home/n2m/cache PYTHONUNBUFFERED=1
EXPOSE 7860
CMD ["python", "run.py", "serve", "--host", "0.0.0.0"]
