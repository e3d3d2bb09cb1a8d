# The app and the server of models, for docs/install.md. Build it from a checkout:
#     docker build -t automl .
FROM python:3.11-slim AS build
WORKDIR /source
COPY . .
RUN pip wheel --no-cache-dir --no-deps --wheel-dir /wheels .

FROM python:3.11-slim
# the pinned versions with every extra but those for development
COPY requirements.txt requirements-dev.txt /tmp/
COPY --from=build /wheels /tmp/wheels
ARG EXTRAS=dicom,explain,mlflow,openvino,serve,team
RUN pip install --no-cache-dir --requirement /tmp/requirements.txt --constraint /tmp/requirements-dev.txt \
        "$(echo /tmp/wheels/*.whl)[$EXTRAS]" \
    && rm -r /tmp/wheels /tmp/requirements*.txt

# experiments, weights and caches are in /data, pictures are mounted at /pictures
RUN useradd --uid 1000 --create-home automl \
    && install --directory --owner automl --mode 700 /data && mkdir /pictures
USER automl
WORKDIR /home/automl
ENV AUTOML_HOME=/data AUTOML_DATA_ROOTS=/pictures PYTHONUNBUFFERED=1
VOLUME /data
EXPOSE 8501 8080

ENTRYPOINT ["automl"]
# inside of the container everybody is at another address: who can reach it decides `docker run -p`
CMD ["app", "--host", "0.0.0.0", "--allow-anonymous"]
