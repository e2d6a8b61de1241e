
from airflow.sdk import dag, task
@dag(schedule=None)
def empty_chain():
    before = None
    for number in range(21):
        @task(task_id=f"t{number}")
        def nothing(): pass
        now = nothing()
        if before is not None: before >> now
        before = now
empty_chain()
