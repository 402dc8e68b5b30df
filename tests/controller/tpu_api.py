"""The Cloud TPU API over gRPC on loopback, made of the library's own messages."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field

import grpc
from google.cloud.tpu_v2 import AcceleratorType, GetAcceleratorTypeRequest
from google.cloud.tpu_v2.services.tpu.transports import TpuGrpcTransport


@dataclass
class TpuApi:
    offered: set[str] = field(default_factory=set)
    """Resource names: ``projects/P/locations/Z/acceleratorTypes/v3-8``."""
    refuse: grpc.StatusCode | None = None
    asked: list[str] = field(default_factory=list)

    def get(self, request: GetAcceleratorTypeRequest, context: grpc.ServicerContext) -> AcceleratorType:
        self.asked.append(request.name)
        if self.refuse:
            context.abort(self.refuse, "Cloud TPU API has not been used in project papers before or it is disabled.")
        if request.name not in self.offered:
            context.abort(grpc.StatusCode.NOT_FOUND, f"{request.name} was not found")
        return AcceleratorType(name=request.name, type_=request.name.rpartition("/")[2])


@contextmanager
def serve_tpu_api(api: TpuApi) -> Iterator[TpuGrpcTransport]:
    server = grpc.server(ThreadPoolExecutor(2))
    method = grpc.unary_unary_rpc_method_handler(
        api.get,
        request_deserializer=GetAcceleratorTypeRequest.deserialize,
        response_serializer=AcceleratorType.serialize,
    )
    server.add_generic_rpc_handlers(
        [grpc.method_handlers_generic_handler("google.cloud.tpu.v2.Tpu", {"GetAcceleratorType": method})]
    )
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    channel = grpc.insecure_channel(f"127.0.0.1:{port}")
    try:
        yield TpuGrpcTransport(channel=channel)
    finally:
        channel.close()
        server.stop(0).wait()
