# `airflow` is the image of every Airflow component, in production too. `local-aws` adds the local AWS endpoint.
# requirements*.txt are exact and complete, so the build resolves nothing.

FROM apache/airflow:3.3.2-python3.11 AS airflow
COPY requirements.txt /tmp/requirements.txt
RUN pip install --no-cache-dir --no-deps --requirement /tmp/requirements.txt
ENV PYTHONPATH=/opt/airflow
COPY dags /opt/airflow/dags
COPY plugins /opt/airflow/plugins
COPY sql /opt/airflow/sql
COPY include /opt/airflow/include
COPY infrastructure /opt/airflow/infrastructure

FROM airflow AS local-aws
COPY requirements-local.txt /tmp/requirements-local.txt
RUN pip install --no-cache-dir --no-deps --requirement /tmp/requirements-local.txt
COPY local /opt/airflow/local
