"""Write ``docs/LOCAL_AWS.md``: what the local endpoint offers, how it is set, and what it answers.

``python -m local.aws.coverage`` writes the page, ``--check`` says whether it is stale and exits with 1.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from pydantic_settings import BaseSettings

from include.core.features import FEATURES
from local.aws.endpoint_settings import LocalAwsSettings
from local.aws.rekognition.control import Behavior, Fault, JobFailures, Notifications
from local.aws.rekognition.model import OPERATION_NAMES
from local.aws.rekognition.offer import NOT_OFFERED, OFFERED
from local.aws.rekognition.rekognition_errors import DOCUMENTED_ERRORS
from local.aws.rekognition.rekognition_settings import LocalRekognitionSettings

ROOT = Path(__file__).parents[2]
PAGE = "docs/LOCAL_AWS.md"


def page() -> str:
    """Return the whole page."""
    return f"""<!-- Generated from local/aws by `python -m local.aws.coverage`; change it there. -->
# Local AWS endpoint

One HTTP address speaks every AWS API that the lake uses, without an account, a network or Docker. `make up` and
`make demo` start it; `python -m local.aws` and `python -m local.aws.rekognition` start its two processes
by hand. Clients need `AWS_ENDPOINT_URL`, a region and any credentials; the AWS CLI, boto3 and the hooks of the amazon
provider work unchanged. What calls Rekognition much can reach it directly at `AWS_ENDPOINT_URL_REKOGNITION`.

It **is** S3, SNS, SQS, DynamoDB, Glue, IAM and more by [moto](https://docs.getmoto.org), Athena on
[DuckDB](https://duckdb.org), and a Rekognition of its own that speaks the API's protocol: requests and replies are
checked against the API's model, with AWS's errors, job states, tokens, pages and completion messages.

It **is not** Amazon Rekognition's eyes. What it finds is in the pixels (faces, text, scenes of three kinds, shots, black
frames, color bars, colors) or was recorded from the real service for the same bytes; it never makes a finding up. Its
confidences are no basis for business thresholds. Nothing is billed, nothing is encrypted, no permission is checked, and
all state ends with the process.

## Operations of Rekognition

{len(OFFERED)} of {len(OPERATION_NAMES)} operations are offered. Their answers come from **pixels** that are looked at, from **replay** of
recorded replies, or from **state** that calls made. The last column names the features of a source
(`include/core/features.py`) that call the operation.

| operation | answer from | what it does here | features |
|---|---|---|---|
{_offered()}

Those not offered are refused with the reason, the ones that AWS retired with AccessDeniedException (which is in the API's
model for them; what AWS itself answers today is not documented), the others with UnknownOperationException.

| operation | why not |
|---|---|
{_not_offered()}

### Recorded replies

The folder `LOCAL_REKOGNITION_REPLAY_FOLDER` holds `*.ndjson`, `*.ndjson.gz` or `*.ndjson.zst` files as the pipeline
archives responses, with the SHA-256 of the media file added to each line:

    {{"analysis_key": "...", "operation": "DetectModerationLabels", "response": {{...}}, "content_sha256": "..."}}

For a video the operation is the Get operation, one line per page. The same bytes are then answered with the recorded
reply, filtered by the thresholds of the request. `POST /_control/reset` reads the folder again.

## Quotas and faults

They are set for the start by `LOCAL_REKOGNITION_BEHAVIOR` (JSON, or the path of a JSON file), and at any time by
`POST /_control/settings` at Rekognition's own address. Settings that are not named keep their values; a wrong one is
refused with the reason. Chance is drawn from the seed, so a run can be repeated.

{_settings_table(Behavior)}

Each of `faults`:

{_settings_table(Fault)}

`job_failures`:

{_settings_table(JobFailures)}

`notifications`:

{_settings_table(Notifications)}

| control address | |
|---|---|
| `GET /_control/health` | `status`, number of `open_jobs` and of `recorded` analyses |
| `GET /_control/calls` | counters: `requests` and `billable` by operation, `images` and `jobs` by object, and for each Custom Labels model under `models` its `arn`, `status`, `starts`, `stops`, `running`, `running_seconds` and `inference_units` |
| `POST /_control/settings` | change quotas and faults; answers with all of them |
| `POST /_control/reset` | forget jobs, collections, projects and counters, return to the settings of the start |

    curl -X POST http://127.0.0.1:4567/_control/settings -d '{{
      "tps": {{"DetectLabels": 50}}, "job_seconds": [1, 20], "job_failures": {{"rate": 0.1}},
      "faults": [{{"operation": "GetLabelDetection", "code": "ThrottlingException", "rate": 0.2}}]}}'

## Errors

HTTP status and words are AWS's; after them may follow what is wrong here. Each can also be injected as a fault. A
request that is no JSON gives SerializationException, as with every AWS API.

| code | status | message | met by |
|---|---|---|---|
{_errors()}

## Environment

The endpoint:

{_environment_table(LocalAwsSettings)}

Its Rekognition:

{_environment_table(LocalRekognitionSettings)}

## Examples

    export AWS_ENDPOINT_URL=http://127.0.0.1:4566 AWS_DEFAULT_REGION=us-east-1
    export AWS_ACCESS_KEY_ID=local AWS_SECRET_ACCESS_KEY=local
    aws s3 mb s3://pictures
    aws s3 cp local/sample_media/grace-hopper.jpg s3://pictures/
    aws rekognition detect-faces --image 'S3Object={{Bucket=pictures,Name=grace-hopper.jpg}}'

Without the variable, by argument:

    aws --endpoint-url http://127.0.0.1:4566 rekognition detect-labels --features IMAGE_PROPERTIES \\
        --image 'S3Object={{Bucket=pictures,Name=grace-hopper.jpg}}'

A video job:

    aws s3 cp local/sample_media/big-buck-bunny-opening.mp4 s3://pictures/
    job=$(aws rekognition start-segment-detection --segment-types SHOT TECHNICAL_CUE --query JobId --output text \\
        --video 'S3Object={{Bucket=pictures,Name=big-buck-bunny-opening.mp4}}')
    sleep 2
    aws rekognition get-segment-detection --job-id "$job"

A Custom Labels model, which is billed for as long as it runs:

    project=$(aws rekognition create-project --project-name logos --query ProjectArn --output text)
    model=$(aws rekognition create-project-version --project-arn "$project" --version-name v1 \\
        --output-config S3Bucket=pictures --query ProjectVersionArn --output text)
    sleep 2  # it says at once that it is trained; `aws rekognition wait` would look again after two minutes
    aws rekognition start-project-version --project-version-arn "$model" --min-inference-units 1
    sleep 2
    aws rekognition detect-custom-labels --project-version-arn "$model" \\
        --image 'S3Object={{Bucket=pictures,Name=grace-hopper.jpg}}'
    aws rekognition stop-project-version --project-version-arn "$model"
"""


def _offered() -> str:
    rows = (
        f"| {operation} | {source} | {meaning} | {', '.join(features_with(operation))} |"
        for operation, (source, meaning) in sorted(OFFERED.items())
    )
    return "\n".join(rows)


def features_with(operation: str) -> list[str]:
    """Name the features of the registry that call an operation."""
    return [
        name
        for name, feature in FEATURES.items()
        if any(call and operation in call.operations for call in (feature.image, feature.video))
    ]


def _not_offered() -> str:
    operations: dict[str, list[str]] = {}
    for operation, reason in NOT_OFFERED.items():
        operations.setdefault(reason, []).append(operation)
    return "\n".join(f"| {', '.join(names)} | {reason} |" for reason, names in operations.items())


def _errors() -> str:
    return "\n".join(
        f"| {code} | {error.status} | {error.message.replace('{}', '...')} | {error.cause} |"
        for code, error in DOCUMENTED_ERRORS.items()
    )


def _settings_table(model: type[BaseModel]) -> str:
    schema = model.model_json_schema()
    required = set(schema.get("required", ()))
    rows = [
        f"| `{name}` | {_kind(member)} | {_default(name, member, required)} | {member['description']} |"
        for name, member in schema["properties"].items()
    ]
    return "\n".join(("| setting | type | default | meaning |", "|---|---|---|---|", *rows))


def _kind(member: dict[str, Any]) -> str:
    """Name the JSON types of a setting."""
    if "anyOf" in member:
        return " or ".join(_kind(choice) for choice in member["anyOf"])
    return str(member.get("type", "object"))


def _default(name: str, member: dict[str, Any], required: set[str]) -> str:
    if name in required:
        return ""
    value = member["default"]
    whole = int(value) if isinstance(value, float) and value.is_integer() else value
    return f"`{json.dumps(whole)}`"


def _environment_table(settings: type[BaseSettings]) -> str:
    prefix = settings.model_config["env_prefix"]
    rows = []
    for name, member in settings.model_fields.items():
        variable = member.validation_alias or f"{prefix}{name}".upper()
        rows.append(f"| `{variable}` | {_shown(member.default)} | {member.description} |")
    return "\n".join(("| variable | default | meaning |", "|---|---|---|", *rows))


def _shown(default: object) -> str:
    """Show a default: paths from the project's root, and no object at length."""
    if isinstance(default, BaseModel):
        return "as above"
    if isinstance(default, Path):
        return f"`{default.relative_to(ROOT).as_posix()}`"
    return f"`{default}`"


def is_stale(root: Path = ROOT) -> bool:
    """Whether the page is missing or differs from what would be written."""
    path = root / PAGE
    return not path.exists() or path.read_text(encoding="utf-8") != page()


def main(arguments: list[str] | None = None, root: Path = ROOT) -> int:
    """Write or check the page; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m local.aws.coverage", description=f"Write {PAGE}.")
    parser.add_argument(
        "--check", action="store_true", help="only say whether it is stale; exit with 1 if so"
    )
    check = parser.parse_args(arguments).check
    if not is_stale(root):
        return 0
    if check:
        print(f"{PAGE} is stale: run python -m local.aws.coverage", file=sys.stderr)
        return 1
    (root / PAGE).parent.mkdir(parents=True, exist_ok=True)
    (root / PAGE).write_text(page(), encoding="utf-8")
    print(f"wrote {PAGE}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
