"""The template, every option turned on, against the proactive controls of AWS Control Tower, by cfn-guard.

    make lint-template

Rules and program come from the package by which the CDK does the same. What a resource does otherwise on purpose, a
comment under it says: `# guard:skip=CT.S3.PR.2: why`. A finding without one is wrong, and so is one without a finding.
"""

import json
import platform
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from samtranslator.translator.transform import transform

from tests.rendered import TEMPLATE, Rendered

SYSTEMS = {"Linux": "ubuntu", "Darwin": "macos"}
MACHINES = {"x86_64": "x86_64", "aarch64": "aarch64", "arm64": "aarch64"}
EVERYTHING = {
    "ScheduleExpression": "cron(0 2 ? * SUN *)",
    "ScheduleStartDate": "2030-01-31T02:00:00Z",
    "NotificationEmail": "someone@example.com",
    "AlarmTopicArn": "arn:aws:sns:us-east-1:123456789012:alarms",
    "VpcId": "vpc-1",
    "SubnetIds": "subnet-1,subnet-2",
    "NeptuneSecurityGroupId": "sg-1",
    "S3PrefixListId": "pl-1",
    "DynamoDBPrefixListId": "pl-2",
    "CreateNeptuneIngress": "true",
    "S3EndpointRouteTableIds": "rtb-1",
    "DynamoDBEndpointRouteTableIds": "rtb-1",
    "DnsServersCidr": "10.0.0.2/32",
    "PermissionsBoundaryArn": "arn:aws:iam::123456789012:policy/boundary",
    "KmsKeyArn": "arn:aws:kms:us-east-1:123456789012:key/1",
    "ModelBucketKmsKeyArn": "arn:aws:kms:us-east-1:123456789012:key/2",
    "LogRetentionInDays": "365",
}
Finding = tuple[str, str]  # control, resource


class NoManagedPolicies:
    """SAM asks for AWS's own policies by name; this template names none."""

    def load(self) -> dict[str, str]:
        return {}


def main(package: Path) -> str | None:
    """What is wrong, if anything is."""
    with TemporaryDirectory() as folder:
        found = findings(guard(package, resources(), Path(folder)))
    skipped = set(skips())
    wrong = [f"{resource}: against {control}" for control, resource in sorted(found - skipped)]
    unused = [f"{resource}: skips {control}, which finds nothing" for control, resource in sorted(skipped - found)]
    return "\n".join(wrong + unused) or None


def resources() -> dict[str, Any]:
    """What CloudFormation would make, once SAM has made its own resources from the functions."""
    stack = Rendered(**EVERYTHING)
    for each in stack.resources.values():
        if each["Type"] == "AWS::Serverless::Function":
            each["Properties"] = {**stack.globals, **each["Properties"], "CodeUri": "s3://artefacts/functions.zip"}
    text = json.dumps(transform({"Resources": stack.resources}, {}, NoManagedPolicies()))
    numbers = re.sub(r'("RetentionInDays": )"(\d+)"', r"\1\2", text)  # parameters are text, as CloudFormation has them
    return json.loads(numbers.replace('"ModelBucket.Arn', '"arn:aws:s3:::model-bucket'))


def guard(package: Path, template: dict[str, Any], folder: Path) -> list[dict[str, Any]]:
    """Run cfn-guard, as `package` has it for this machine."""
    shutil.unpack_archive(package, folder)
    program = folder / "package/bin" / SYSTEMS[platform.system()] / MACHINES[platform.machine()] / "cfn-guard"
    program.chmod(0o755)
    rules = folder / "package/rules/control-tower/cfn-guard"
    data = folder / "template.json"
    data.write_text(json.dumps(template))
    command: list[str | Path] = [
        program,
        "validate",
        "--rules",
        rules,
        "--data",
        data,
        "--structured",
        "-o",
        "json",
        "-S",
        "none",
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    (report,) = json.loads(done.stdout)
    assert report["compliant"], "no control applies: the template was not understood"
    return report["not_compliant"]


def findings(rules: list[dict[str, Any]]) -> set[Finding]:
    """Which resource is against which control."""
    texts = map(json.dumps, rules)
    return {
        (control, resource)
        for text in texts
        for control in re.findall(r"\[(CT\.[A-Z0-9.]+)\]", text)
        for resource in re.findall(r"/Resources/(\w+)", text)
    }


def skips() -> Iterator[Finding]:
    """What the comments under the template's resources speak of."""
    resource = ""
    for line in TEMPLATE.read_text().splitlines():
        if head := re.fullmatch(r"  (\w+):", line):
            resource = head[1]
        elif skip := re.fullmatch(r" +# guard:skip=([A-Z0-9.]+): .+", line):
            yield skip[1], resource


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
