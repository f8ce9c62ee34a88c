"""S3's stand-in."""

from __future__ import annotations

from dataclasses import dataclass, field
from io import BytesIO
from urllib.parse import parse_qs, unquote, urlsplit

from botocore.awsrequest import AWSPreparedRequest, AWSResponse

from tests.aws_in_process.errors import AwsError, Unknown

NO_SUCH_KEY = AwsError("NoSuchKey", "The specified key does not exist.", status=404)
FORBIDDEN = AwsError("AccessDenied", "Access Denied", status=403)


@dataclass
class Files:
    """Objects by "bucket/key", or "bucket/key?version".

    `broken`: S3 refuses everything.
    """

    region: str
    objects: dict[str, bytes] = field(default_factory=dict)
    broken: bool = False

    def answer(self, request: AWSPreparedRequest) -> AWSResponse | None:
        """The answer to a request to this Region's S3, None for any other."""
        url = urlsplit(str(request.url))
        host = url.netloc
        suffix = f"s3.{self.region}.amazonaws.com"
        if not host.endswith(suffix):
            return None
        bucket = host.removesuffix(suffix).removesuffix(".")
        name = unquote(f"{bucket}{url.path}" if bucket else url.path[1:])
        version = parse_qs(url.query).get("versionId")
        if self.broken:
            return _failed(request, FORBIDDEN)
        if request.method == "PUT" and request.body is not None:
            self.objects[name] = request.body.read() if hasattr(request.body, "read") else bytes(request.body)
            return _response(request, 200, b"")
        if request.method == "GET":
            content = self.objects.get(f"{name}?{version[0]}" if version else name)
            return _failed(request, NO_SUCH_KEY) if content is None else _response(request, 200, content)
        raise Unknown(f"{request.method} of S3")


def _response(request: AWSPreparedRequest, status: int, content: bytes) -> AWSResponse:
    answer = AWSResponse(request.url, status, {"content-length": str(len(content))}, BytesIO(content))
    answer._content = content
    return answer


def _failed(request: AWSPreparedRequest, error: AwsError) -> AWSResponse:
    text = f"<?xml version='1.0'?><Error><Code>{error.code}</Code><Message>{error.message}</Message></Error>"
    return _response(request, error.status, text.encode())
