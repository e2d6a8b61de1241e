"""Local Rekognition: a functional stand-in that speaks Amazon Rekognition's wire protocol and looks at the
pixels.

It is there so that the whole lake runs, and can be tested, without an AWS account: real files in,
deterministic findings out, the same requests, replies, errors, job states, tokens, pages and notifications.
It does not have Amazon Rekognition's accuracy or vocabulary, and its confidences must not be used to choose
business thresholds. What it cannot see it leaves out; it never makes a finding up. Recorded replies of the
real service can be replayed for a file by the hash of its bytes (see :mod:`.replay`). ``python -m
local.aws.rekognition`` starts it.
"""
