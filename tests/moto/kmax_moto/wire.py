"""The wire format of our own operations: form to parameters, result to XML or JSON.

moto's own parser and serializer look at every member of every shape through several layers of
aliases, which costs 20 ms for a page of 200 templates. These read and write plain dictionaries, keyed
as the API model spells them, and touch only what is there.
"""

from __future__ import annotations

from datetime import datetime
from functools import cache
from typing import Any
from uuid import uuid4
from xml.sax.saxutils import escape

from botocore.model import ListShape, OperationModel, Shape, StructureShape
from moto.core.utils import get_service_model

from .errors import AwsError

XMLNS = {
    "ec2": "http://ec2.amazonaws.com/doc/2016-11-15/",
    "autoscaling": "http://autoscaling.amazonaws.com/doc/2011-01-01/",
    "sts": "https://sts.amazonaws.com/doc/2011-06-15/",
}

#: EC2 takes whatever template data it gets, and has errors of its own for malformed names and types.
UNCHECKED = {"RequestLaunchTemplateData", "LaunchTemplateName", "InstanceType"}


class Xml(str):
    """Text that is XML already, as a part of an answer that is rendered once and kept."""


@cache
def operation_model(service: str, operation: str) -> OperationModel:
    """The API model of an operation."""
    return get_service_model(service).operation_model(operation)


@cache
def named_shape(service: str, name: str) -> Shape:
    """A shape of the API model by its name."""
    return get_service_model(service).shape_for(name)


# Form to parameters.


def parse_form(service: str, operation: str, form: dict[str, str]) -> dict[str, Any]:
    """Turns the flat keys of a form into nested parameters, and checks the model's constraints."""
    tree: dict[str, Any] = {}
    for key, value in form.items():
        node = tree
        *parents, leaf = key.split(".")
        for part in parents:
            child = node.get(part)
            if not isinstance(child, dict):
                child = node[part] = {}
            node = child
        node[leaf] = value
    shape = operation_model(service, operation).input_shape
    if shape is None:
        return {}
    params = _structure(service, shape, tree)
    _check(service, shape, params, "")
    return params


def _name_in_form(service: str, name: str, shape: Shape) -> str:
    """The key of a member in a form."""
    serialization = shape.serialization
    if service == "ec2":
        if "queryName" in serialization:
            return serialization["queryName"]
        if "name" in serialization:
            return serialization["name"][0].upper() + serialization["name"][1:]
        return name
    return serialization.get("name", name)


@cache
def _form_members(service: str, shape_name: str) -> list[tuple[str, str, Shape]]:
    """Members of a structure: name in the form, name in the model, shape."""
    shape = named_shape(service, shape_name)
    assert isinstance(shape, StructureShape)
    return [
        (_name_in_form(service, name, member), name, member)
        for name, member in shape.members.items()
    ]


def _structure(service: str, shape: Shape, tree: dict[str, Any]) -> dict[str, Any]:
    return {
        name: _value(service, member, tree[key])
        for key, name, member in _form_members(service, shape.name)
        if key in tree
    }


def _value(service: str, shape: Shape, node: Any) -> Any:
    kind = shape.type_name
    if kind == "structure":
        return _structure(service, shape, node if isinstance(node, dict) else {})
    if kind == "list":
        assert isinstance(shape, ListShape)
        if service != "ec2" and isinstance(node, dict) and not shape.serialization.get("flattened"):
            node = node.get(shape.member.serialization.get("name", "member"), {})
        if not isinstance(node, dict):
            return []
        return [_value(service, shape.member, node[key]) for key in sorted(node, key=int)]
    text = node if isinstance(node, str) else ""
    if kind == "boolean":
        return text.lower() == "true"
    if kind in ("integer", "long"):
        try:
            return int(text)
        except ValueError:
            raise malformed(service, f"'{text}' is not a number") from None
    if kind in ("float", "double"):
        return float(text)
    return text


def malformed(service: str, message: str) -> AwsError:
    """The code with which a service refuses a value of the wrong form."""
    return AwsError("InvalidParameterValue" if service == "ec2" else "ValidationError", message)


def _check(service: str, shape: Shape, value: Any, path: str) -> None:
    """Refuses what the API model forbids: missing members, lengths, ranges, enumerations.

    Stock moto checks none of it.
    """
    kind = shape.type_name
    if shape.name in UNCHECKED:
        return
    if kind == "structure":
        assert isinstance(shape, StructureShape)
        for name in shape.required_members:
            if name not in value:
                if service == "ec2":
                    raise AwsError(
                        "MissingParameter", f"The request must contain the parameter {name}"
                    )
                raise _constraint("null", _join(path, name), "Member must not be null")
        for name, member in value.items():
            _check(service, shape.members[name], member, _join(path, name))
        return
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    if kind == "list":
        assert isinstance(shape, ListShape)
        _check_length(service, len(value), least, most, "[...]", path)
        for index, item in enumerate(value, 1):
            _check(service, shape.member, item, f"{path}.{index}.member")
    elif kind == "string":
        _check_length(service, len(value), least, most, value, path)
        allowed = getattr(shape, "enum", None)
        if allowed and value not in allowed:
            if service == "ec2":
                raise AwsError("InvalidParameterValue", f"Invalid value '{value}' for {path}.")
            members = ", ".join(allowed)
            raise _constraint(value, path, f"Member must satisfy enum value set: [{members}]")
    elif kind in ("integer", "long"):
        if least is not None and value < least:
            raise _bound(service, value, path, f"greater than or equal to {least}")
        if most is not None and value > most:
            raise _bound(service, value, path, f"less than or equal to {most}")


def _join(path: str, name: str) -> str:
    lower = name[0].lower() + name[1:]
    return f"{path}.{lower}" if path else lower


def _constraint(value: Any, path: str, rule: str) -> AwsError:
    return AwsError(
        "ValidationError",
        f"1 validation error detected: Value '{value}' at '{path}' failed to satisfy constraint: {rule}",
    )


def _bound(service: str, value: Any, path: str, rule: str) -> AwsError:
    if service == "ec2":
        return AwsError(
            "InvalidParameterValue", f"Value ( {value} ) for parameter {path} must be {rule}."
        )
    return _constraint(value, path, f"Member must have value {rule}")


def _check_length(
    service: str, length: int, least: int | None, most: int | None, value: str, path: str
) -> None:
    rule = None
    if least is not None and length < least:
        rule = f"length greater than or equal to {least}"
    elif most is not None and length > most:
        rule = f"length less than or equal to {most}"
    if rule is None:
        return
    if service == "ec2":
        raise AwsError("InvalidParameterValue", f"Value of parameter {path} must have {rule}.")
    raise _constraint(value, path, f"Member must have {rule}")


# Result to XML.


def render(service: str, operation: str, result: dict[str, Any]) -> bytes:
    """Renders the answer of an operation in the `ec2` or `query` protocol."""
    model = operation_model(service, operation)
    request_id = uuid4()
    shape = model.output_shape
    inner = _members_xml(service, shape, result) if shape is not None else ""
    xmlns = XMLNS[service]
    if service == "ec2":
        if shape is None:
            inner = "<return>true</return>"
        text = (
            f'<?xml version="1.0" encoding="UTF-8"?>\n<{operation}Response xmlns="{xmlns}">'
            f"<requestId>{request_id}</requestId>{inner}</{operation}Response>"
        )
    else:
        wrapper = (
            model.output_shape.serialization.get("resultWrapper") if shape is not None else None
        )
        body = f"<{wrapper}>{inner}</{wrapper}>" if wrapper else inner
        text = (
            f'<{operation}Response xmlns="{xmlns}">{body}<ResponseMetadata>'
            f"<RequestId>{request_id}</RequestId></ResponseMetadata></{operation}Response>"
        )
    return text.encode()


def to_xml(service: str, shape_name: str, value: dict[str, Any]) -> Xml:
    """Renders the members of a structure, to be kept and put into answers as they are."""
    return Xml(_members_xml(service, named_shape(service, shape_name), value))


def list_to_xml(service: str, shape_name: str, value: list[Any]) -> Xml:
    """Renders the items of a list, to be kept and put into answers as they are."""
    return Xml(_value_xml(service, named_shape(service, shape_name), value))


@cache
def _xml_members(service: str, shape_name: str) -> dict[str, tuple[str, Shape]]:
    """Members of a structure by their name in the model: tag, shape."""
    shape = named_shape(service, shape_name)
    assert isinstance(shape, StructureShape)
    return {
        name: (member.serialization.get("name", name), member)
        for name, member in shape.members.items()
    }


def _members_xml(service: str, shape: Shape, value: dict[str, Any]) -> str:
    members = _xml_members(service, shape.name)
    parts = []
    for name, item in value.items():
        if item is None or name not in members:
            continue
        tag, member = members[name]
        parts.append(f"<{tag}>{_value_xml(service, member, item)}</{tag}>")
    return "".join(parts)


def _value_xml(service: str, shape: Shape, value: Any) -> str:
    if isinstance(value, Xml):
        return value
    kind = shape.type_name
    if kind == "structure":
        return _members_xml(service, shape, value)
    if kind == "list":
        assert isinstance(shape, ListShape)
        tag = shape.member.serialization.get("name", "member")
        member = shape.member
        return "".join(f"<{tag}>{_value_xml(service, member, item)}</{tag}>" for item in value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%dT%H:%M:%S.") + f"{value.microsecond // 1000:03d}Z"
    return escape(str(value))
