"""Local Rekognition: a stand-in that speaks Amazon Rekognition's wire protocol and looks at the pixels.

With it the whole lake runs, and can be tested, without an AWS account. It takes real files and returns
deterministic findings, by the same requests, replies, errors, job states, tokens, pages and notifications. It
recognizes far less than Amazon Rekognition, and its confidences must not be used to choose business
thresholds. It leaves out what it cannot see, and never invents a finding. It can replay replies that the real
service gave for the same bytes (see
:mod:`.replay`). ``python -m local.aws.rekognition`` starts it.
"""
