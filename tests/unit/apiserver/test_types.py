"""The tables of Kubernetes' types, and what a pass through them does to an object."""

from __future__ import annotations

import json
from typing import Any

import pytest

from argotui.local.apiserver import protobuf
from argotui.local.apiserver.status import StatusError
from argotui.local.apiserver.typed import Walk, table
from tests.unit.apiserver import derive_types


def test_the_table_is_that_of_the_official_client() -> None:
    assert derive_types.TYPES.read_text() == derive_types.text(derive_types.derive())


def test_every_type_is_known() -> None:
    scalars = {"s", "t", "B", "i", "f", "b", "q", "x", "any"}
    for fields in table().values():
        for field in fields.values():
            assert field.type in scalars or field.type in table()


def test_every_numbered_field_is_in_the_table() -> None:
    wire = json.loads(derive_types.WIRE.read_text())
    for name in ("Pod", "ConfigMap", "Lease", "Event", "ObjectMeta", "DeleteOptions", "SelfSubjectAccessReview"):
        assert {field for field in wire[name].values() if ">" not in field} <= set(table()[name])


def shaped(kind: str, document: dict[str, Any]) -> tuple[dict[str, Any], Walk]:
    walk = Walk(kind, "v1")
    walk.document(document)
    return document, walk


def test_nulls_and_empty_optional_fields_go() -> None:
    container = {
        "name": "c", "image": "i", "command": None, "args": [], "workingDir": "", "resources": {}, "stdin": False,
        "env": [{"name": "A", "value": ""}], "volumeMounts": [{"name": "v", "mountPath": "/v", "readOnly": False}],
        "securityContext": {"privileged": False, "runAsUser": 0},
    }  # fmt: skip
    spec = {"containers": [container], "hostNetwork": False, "volumes": [{"name": "v", "emptyDir": {}}]}
    pod, walk = shaped("Pod", {"spec": spec})
    assert pod["spec"] == {
        "containers": [
            {
                "name": "c", "image": "i", "resources": {}, "env": [{"name": "A"}],
                # an explicit false asks for a writable hostPath, so it stays
                "volumeMounts": [{"name": "v", "mountPath": "/v", "readOnly": False}],
                "securityContext": {"privileged": False, "runAsUser": 0},
            }
        ],
        "volumes": [{"name": "v", "emptyDir": {}}],
    }  # fmt: skip
    assert (walk.unknown, walk.causes) == ([], [])


def test_values_of_maps_stay_even_when_empty() -> None:
    document, _ = shaped("ConfigMap", {"data": {"a": "", "b": None}})
    assert document == {"data": {"a": "", "b": ""}}


def test_unknown_fields_are_dropped_and_told() -> None:
    pod, walk = shaped("Pod", {"spec": {"containers": [{"name": "c", "imge": 1}]}, "spce": 1})
    assert sorted(walk.unknown) == ["spce", "spec.containers[0].imge"]
    assert pod == {"spec": {"containers": [{"name": "c"}]}}


def test_required_fields() -> None:
    _, walk = shaped("Pod", {"spec": {"containers": [{}], "volumes": [{"configMap": {"items": [{}]}}]}})
    assert [cause.path for cause in walk.causes] == [
        "spec.containers[0].name",
        "spec.volumes[0].configMap.items[0].key",
        "spec.volumes[0].configMap.items[0].path",
        "spec.volumes[0].name",
    ]


def test_a_status_gets_zero_values_for_what_is_required() -> None:
    pod, walk = shaped("Pod", {"status": {"containerStatuses": [{"name": "main"}]}})
    assert walk.causes == []
    one = pod["status"]["containerStatuses"][0]
    assert one == {"name": "main", "image": "", "imageID": "", "ready": False, "restartCount": 0}


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ({"containers": {}}, "cannot unmarshal object into Go struct field Pod.spec.containers of type slice"),
        ({"containers": [{"name": 1}]}, "cannot unmarshal number into Go struct field Pod.spec.containers[0].name of"),
        ({"hostNetwork": "yes"}, "cannot unmarshal string into Go struct field Pod.spec.hostNetwork of type bool"),
        ({"containers": [{"resources": {"limits": {"cpu": "much"}}}]}, "quantities must match the regular expression"),
        ({"activeDeadlineSeconds": 1.5}, "of type int64"),
        ("text", "of type v1.PodSpec"),
    ],
)  # fmt: skip
def test_wrong_types_are_refused(spec: Any, words: str) -> None:
    with pytest.raises(StatusError) as caught:
        shaped("Pod", {"spec": spec})
    assert caught.value.code == 400
    assert words in caught.value.message


def test_quantities_get_their_canonical_form() -> None:
    limits = {"cpu": 0.5, "memory": "1024Mi", "other": 2}
    pod, _ = shaped("Pod", {"spec": {"containers": [{"name": "c", "resources": {"limits": limits}}]}})
    assert pod["spec"]["containers"][0]["resources"]["limits"] == {"cpu": "500m", "memory": "1Gi", "other": "2"}


# protobuf


def varint(value: int) -> bytes:
    value &= (1 << 64) - 1
    out = b""
    while value >= 0x80:
        out += bytes([value & 0x7F | 0x80])
        value >>= 7
    return out + bytes([value])


def part(number: int, value: bytes | str | int) -> bytes:
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    data = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(data)) + data


def envelope(version: str, kind: str, raw: bytes) -> bytes:
    return b"k8s\x00" + part(1, part(1, version) + part(2, kind)) + part(2, raw) + part(3, "") + part(4, "")


def test_a_config_map_in_protobuf() -> None:
    metadata = part(1, "cm") + part(3, "argo") + part(7, 0) + part(8, b"") + part(11, part(1, "a") + part(2, "b"))
    raw = part(1, metadata) + part(2, part(1, "k") + part(2, "v")) + part(3, part(1, "b") + part(2, b"\x00\xff"))
    assert protobuf.decode(envelope("v1", "ConfigMap", raw)) == {
        "apiVersion": "v1", "kind": "ConfigMap", "data": {"k": "v"}, "binaryData": {"b": "AP8="},
        "metadata": {"name": "cm", "namespace": "argo", "creationTimestamp": None, "labels": {"a": "b"}},
    }  # fmt: skip


def test_a_pod_in_protobuf() -> None:
    port = part(3, 8080)
    limits = part(1, part(1, "cpu") + part(2, part(1, "500m")))
    container = part(1, "main") + part(2, "busybox") + part(3, "sh") + part(3, "-c") + part(6, port) + part(8, limits)
    source = part(4, b"") + part(19, part(1, part(1, "cm")))
    spec = part(1, part(1, "v") + part(2, part(19, part(1, part(1, "cm"))))) + part(2, container) + part(4, -1)
    found = protobuf.decode(envelope("v1", "Pod", part(2, spec)))
    assert source
    assert found["spec"] == {
        "volumes": [{"name": "v", "configMap": {"name": "cm"}}],
        "containers": [
            {
                "name": "main", "image": "busybox", "command": ["sh", "-c"], "ports": [{"containerPort": 8080}],
                "resources": {"limits": {"cpu": "500m"}},
            }
        ],
        "terminationGracePeriodSeconds": -1,
    }  # fmt: skip


def test_times_in_protobuf() -> None:
    spec = part(1, "me") + part(4, part(1, 1_700_000_000) + part(2, 5_000))
    found = protobuf.decode(envelope("coordination.k8s.io/v1", "Lease", part(2, spec)))
    assert found["spec"] == {"holderIdentity": "me", "renewTime": "2023-11-14T22:13:20.000005Z"}


@pytest.mark.parametrize(
    "data",
    [
        b"", b"{}", b"k8s\x00", b"k8s\x00\xff", envelope("v1", "Workflow", b""), envelope("v1", "Pod", b"\x12\xff"),
        envelope("v1", "Pod", part(2, 5)), envelope("v1", "Pod", part(1, part(1, b"\xff\xfe"))),
        b"k8s\x00" + b"\x80" * 20, envelope("v1", "Pod", b"\x0b"),
    ],
)  # fmt: skip
def test_bad_protobuf_is_refused(data: bytes) -> None:
    with pytest.raises(protobuf.BadProtobuf):
        protobuf.decode(data)
