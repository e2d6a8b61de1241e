# `airflow` is the image of every Airflow component, in production too. `local-aws` adds the local AWS endpoint.
# requirements*.txt are exact and complete, with the hashes of all files: the build resolves nothing, and a file that
# was changed is refused.

# By its digest, the image is the same wherever it is built: docs/DEPLOY.md says how to find it.
ARG AIRFLOW_IMAGE=apache/airflow:3.3.2-python3.11

FROM ${AIRFLOW_IMAGE} AS airflow
COPY requirements.txt /tmp/requirements.txt
RUN pip install --no-cache-dir --no-deps --require-hashes --requirement /tmp/requirements.txt
ENV PYTHONPATH=/opt/airflow
# For the file of the password that Airflow generates.
RUN mkdir --mode=0700 /opt/airflow/login
COPY dags /opt/airflow/dags
COPY plugins /opt/airflow/plugins
COPY sql /opt/airflow/sql
COPY include /opt/airflow/include
COPY infrastructure /opt/airflow/infrastructure

FROM airflow AS local-aws
COPY requirements-local.txt /tmp/requirements-local.txt
RUN pip install --no-cache-dir --no-deps --require-hashes --requirement /tmp/requirements-local.txt
COPY local /opt/airflow/local
