"""A writer of the crash test: puts, overwrites and deletes, and notes each step before and after.

Arguments: endpoint, bucket, access key, secret, writer number, seed, journal. The journal gets a line
`begin KEY GENERATION SIZE` before a request and `done KEY GENERATION SIZE` after its answer; size -1
is a deletion, and a multipart upload is one step. The body of a step is `body(key, generation, size)`.
"""

import hashlib
import random
import sys

import boto3
from botocore.config import Config

SIZES = [0, 1, 100, 4096, 65536, 70_000, 131_073, 1_500_000]
PART = 5 << 20


def body(key, generation, size):
    """Bytes that differ for every step: a digest of the step, then a random stream of it."""
    if size < 0:
        return None
    seed = hashlib.sha256(f"{key} {generation} {size}".encode()).digest()
    return (seed + random.Random(seed).randbytes(max(0, size - len(seed))))[:size]


def client(endpoint, keys):
    return boto3.client(
        "s3", endpoint_url=endpoint, region_name="us-east-1", aws_access_key_id=keys[0],
        aws_secret_access_key=keys[1],
        config=Config(retries={"max_attempts": 0}, s3={"addressing_style": "path"}))


def send(s3, where, content):
    if content is None:
        s3.delete_object(**where)
    elif len(content) > PART:
        upload = where | {"UploadId": s3.create_multipart_upload(**where)["UploadId"]}
        parts = []
        for start in range(0, len(content), PART):
            number = start // PART + 1
            answer = s3.upload_part(
                **upload, PartNumber=number, Body=content[start: start + PART])
            parts.append({"PartNumber": number, "ETag": answer["ETag"]})
        s3.complete_multipart_upload(**upload, MultipartUpload={"Parts": parts})
    else:
        s3.put_object(**where, Body=content)


def main():
    endpoint, bucket, access_key, secret, number, seed, journal = sys.argv[1:]
    source = random.Random(f"{seed} {number}")
    s3 = client(endpoint, (access_key, secret))
    with open(journal, "a", buffering=1) as notes:
        for generation in range(1_000_000):
            key = f"w{number}/k{source.randrange(25)}"
            size = source.choice(SIZES)
            if generation % 20 == 19:
                size = PART + 1000
            if source.random() < 0.15:
                size = -1
            step = f"{key} {seed}.{generation} {size}\n"
            content = body(key, f"{seed}.{generation}", size)
            notes.write("begin " + step)
            send(s3, {"Bucket": bucket, "Key": key}, content)
            notes.write("done " + step)


if __name__ == "__main__":
    main()
