"""Other spellings of the same object, as templates make them: key order, item order, quantities, defaults."""

import base64
import binascii
import copy
from collections.abc import Mapping
from decimal import Decimal
from random import Random
from typing import Any

from tests.fidelity.server import Json, Schema, Server

_HOW_OFTEN = 0.25
_QUANTITIES: Mapping[str, tuple[Any, ...]] = {
    "1Gi": ("1024Mi", "1.0Gi", "1073741824", 1073741824),
    "1024Mi": ("1Gi", "1048576Ki"),
    "64Mi": ("65536Ki", "67108864", 67108864),
    "100m": ("0.1", 0.1, ".1", "100e-3"),
    "2000m": ("2", 2, "2.0", "2e0"),
    "10Gi": ("10240Mi",),
}


class Speller:
    """Rewrites objects by schema."""

    def __init__(self, server: Server, random: Random) -> None:
        self._server = server
        self._random = random

    def respelled(self, body: Json, schema: Schema, accepted: Json) -> Json:
        """`accepted` is what the server made of it: some of its defaults are spelled out."""
        result: Json = self._value(self._explicit(copy.deepcopy(body), accepted, ()), schema)
        return self._with_strings(result) if body["kind"] == "Secret" else result

    def _explicit(self, value: Any, accepted: Any, at: tuple[str, ...]) -> Any:
        """State some of the values that the server fills in."""
        if isinstance(value, dict) and isinstance(accepted, dict):
            for key, filled in accepted.items():
                if key in value:
                    value[key] = self._explicit(value[key], filled, (*at, key))
                elif (
                    at
                    and at[0] == "spec"
                    and at[-1] != "labels"
                    and not _allocated(key)
                    and self._random.random() < _HOW_OFTEN
                ):
                    value[key] = copy.deepcopy(filled)
        elif isinstance(value, list) and isinstance(accepted, list) and len(value) == len(accepted):
            return [self._explicit(one, other, at) for one, other in zip(value, accepted, strict=True)]
        return value

    def _value(self, value: Any, schema: Schema) -> Any:
        schema = self._server.resolve(schema)
        if isinstance(value, Mapping):
            keys = list(value)
            self._random.shuffle(keys)
            extra = schema.get("additionalProperties")
            rest = extra if isinstance(extra, Mapping) else {}
            return {key: self._value(value[key], schema.get("properties", {}).get(key, rest)) for key in keys}
        if isinstance(value, list):
            items = [self._value(item, schema.get("items", {})) for item in value]
            if schema.get("x-kubernetes-list-type") in {"map", "set"} and self._random.random() < _HOW_OFTEN:
                self._random.shuffle(items)
            return items
        return self._scalar(value, schema)

    def _scalar(self, value: Any, schema: Schema) -> Any:
        if not str(schema.get("x-name", "")).endswith(".Quantity"):
            return value
        forms = _QUANTITIES.get(str(value)) or (
            (int(value), Decimal(value).to_eng_string()) if str(value).isdigit() else (value,)
        )
        chosen = self._random.choice((value, *forms))
        return str(chosen) if isinstance(chosen, Decimal) else chosen

    def _with_strings(self, body: Json) -> Json:
        for key in list(body.get("data") or {}):
            text = _text(body["data"][key])
            if text is not None and self._random.random() < _HOW_OFTEN:
                body["stringData"] = {**(body.get("stringData") or {}), key: text}
                if self._random.random() < 0.5:
                    del body["data"][key]
        return body


def _text(value: Any) -> str | None:
    try:
        return base64.b64decode(value).decode()
    except (TypeError, UnicodeDecodeError, binascii.Error):
        return None


def _allocated(key: str) -> bool:
    """Values that only one object can have, or that belong to a controller."""
    return key in {
        "metadata",
        "labels",
        "clusterIP",
        "clusterIPs",
        "nodePort",
        "healthCheckNodePort",
        "selector",
        "claimRef",
        "controller-uid",
    }
