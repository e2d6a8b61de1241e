"""``frames_process.py ORDER``: pays for a batch of frames in a process of its own, which may be killed."""

from __future__ import annotations

import json
import sys

import boto3
from botocore.config import Config

from include.analyze.frame_analyzer import FrameAnalyzer
from include.analyze.pace import Pace
from include.core.lake import Lake
from include.core.run import Run
from include.core.settings import Settings
from include.store.plan_batches import read_plan
from tests.rates import LocalRate
from tests.workspaces import make_workspace

if __name__ == "__main__":
    order = json.loads(sys.argv[1])
    settings = Settings(lease_seconds=5)
    session = boto3.Session(region_name=settings.region)
    client = session.client("rekognition", config=Config(max_pool_connections=40))
    lake = Lake.model_validate(order["lake"])
    workspace = make_workspace(Run(**order["run"]), session, settings, lake, rekognition=client)
    paces = {"DetectLabels": Pace(LocalRate(), 1000)}
    engine = FrameAnalyzer(workspace, batch="batch-0000", paces=paces)
    engine.analyze(read_plan(workspace.s3, order["batch"]["uri"]))
