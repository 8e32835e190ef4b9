"""Cloudflare's Rules language: parsed with types, as the API does before it takes a rule, and evaluated at the edge.

The part of it that rules for a portal need; what it leaves out (lists, arrays of responses, bot scores and the other
paid fields) is refused as unknown, never taken and ignored.
Reference: https://developers.cloudflare.com/ruleset-engine/rules-language/
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from launchready.lab.cloudflare.functions import (
    ORDERS,
    Fields,
    Value,
    between,
    both,
    called,
    equals,
    nth,
    wildcard,
    within,
)
from launchready.lab.cloudflare.tokens import NotParsed, Token, tokens

REQUEST: Mapping[str, str] = {
    "cf.edge.server_port": "int",
    "cf.zone.name": "text",
    "http.cookie": "text",
    "http.host": "text",
    "http.referer": "text",
    "http.request.body.size": "int",
    "http.request.cookies": "map",
    "http.request.full_uri": "text",
    "http.request.headers": "map",
    "http.request.method": "text",
    "http.request.uri": "text",
    "http.request.uri.args": "map",
    "http.request.uri.path": "text",
    "http.request.uri.path.extension": "text",
    "http.request.uri.query": "text",
    "http.request.version": "text",
    "http.user_agent": "text",
    "http.x_forwarded_for": "text",
    "ip.src": "address",
    "ip.geoip.country": "text",
    "ip.src.country": "text",
    "raw.http.request.full_uri": "text",
    "raw.http.request.uri": "text",
    "raw.http.request.uri.path": "text",
    "ssl": "bool",
}
"""Fields by type (https://developers.cloudflare.com/ruleset-engine/rules-language/fields/reference/)."""
RESPONSE: Mapping[str, str] = {
    "http.response.code": "int",
    "http.response.content_type.media_type": "text",
    "http.response.headers": "map",
}
_FUNCTIONS: Mapping[str, tuple[tuple[str, ...], str]] = {
    "concat": (("text", "text"), "text"),
    "ends_with": (("text", "text"), "bool"),
    "len": (("text",), "int"),
    "lower": (("text",), "text"),
    "regex_replace": (("text", "literal", "literal"), "text"),
    "starts_with": (("text", "text"), "bool"),
    "substring": (("text", "int", "int"), "text"),
    "to_string": (("any",), "text"),
    "upper": (("text",), "text"),
    "url_decode": (("text",), "text"),
    "wildcard_replace": (("text", "literal", "literal"), "text"),
}
"""Types of arguments and of the result."""
_LAST_OPTIONAL = ("substring",)
_OPERATORS: Mapping[str, tuple[str, ...]] = {
    "eq": ("text", "int", "address"),
    "ne": ("text", "int", "address"),
    "lt": ("text", "int"),
    "le": ("text", "int"),
    "gt": ("text", "int"),
    "ge": ("text", "int"),
    "contains": ("text",),
    "matches": ("text",),
    "wildcard": ("text",),
    "strict": ("text",),
    "in": ("text", "int", "address"),
}
_WORDS = {*_OPERATORS, "and", "or", "xor", "not"}


@dataclass(frozen=True, slots=True)
class Expression:
    """A parsed expression."""

    value: Value
    fields: frozenset[str]
    operators: frozenset[str]
    functions: frozenset[str]


@lru_cache(maxsize=1024)
def parse(text: str, kind: str = "filter", *, response: bool = False) -> Expression:
    """A `filter` (true or false) or a `value` (text). Raises NotParsed for what Cloudflare would refuse.

    Fields of the response are known only with `response`.
    """
    parser = _Parser(text, {**REQUEST, **RESPONSE} if response else REQUEST)
    value = parser.whole(kind)
    return Expression(value, frozenset(parser.fields), frozenset(parser.operators), frozenset(parser.functions))


class _Parser:
    def __init__(self, text: str, known: Mapping[str, str]) -> None:
        self.text, self.known = text, known
        self.tokens = tokens(text)
        self.at = 0
        self.fields: set[str] = set()
        self.operators: set[str] = set()
        self.functions: set[str] = set()

    def whole(self, kind: str) -> Value:
        if kind == "filter":
            value = self._or()
        else:
            start = self._next
            value, type = self._operand()
            if type != "text":
                raise self._error(start, f"expected expression of type Bytes, found {type}")
        if self._next.kind != "end":
            raise self._error(self._next, "unrecognised input")
        return value

    @property
    def _next(self) -> Token:
        return self.tokens[self.at]

    def _take(self, text: str) -> bool:
        if self._next.kind in ("word", "sign") and self._next.text == text:
            self.at += 1
            return True
        return False

    def _need(self, text: str) -> None:
        if not self._take(text):
            raise self._error(self._next, f'expected literal "{text}"')

    def _error(self, token: Token, why: str) -> NotParsed:
        return NotParsed(self.text, token.start, max(token.end, token.start + 1), why)

    def _or(self) -> Value:
        return self._joined(self._xor, "or", lambda f, a, b: a(f) or b(f))

    def _xor(self) -> Value:
        return self._joined(self._and, "xor", lambda f, a, b: a(f) != b(f))

    def _and(self) -> Value:
        return self._joined(self._not, "and", lambda f, a, b: a(f) and b(f))

    def _joined(self, below: Callable[[], Value], word: str, join: Callable[[Fields, Value, Value], bool]) -> Value:
        value = below()
        while self._take(word):
            value = both(value, below(), join)
        return value

    def _not(self) -> Value:
        if self._take("not"):
            inner = self._not()
            return lambda fields: not inner(fields)
        if self._take("("):
            inner = self._or()
            self._need(")")
            return inner
        return self._comparison()

    def _comparison(self) -> Value:
        start = self._next
        if start.kind == "word" and start.text in ("true", "false"):
            self.at += 1
            return lambda _: start.text == "true"
        if start.kind == "word" and start.text in ("any", "all"):
            return self._quantified()
        left, type = self._operand()
        if type == "bool":
            return left
        operator = self._next
        if operator.kind != "word" or operator.text not in _OPERATORS:
            raise self._error(
                operator, "unrecognised input" if operator.kind != "end" else "expected comparison operator"
            )
        if type not in _OPERATORS[operator.text]:
            raise self._error(operator, f"the operator {operator.text} does not take a value of type {type}")
        return self._compared(left, type)

    def _compared(self, left: Value, type: str) -> Value:
        operator = self._next
        self.at += 1
        self.operators.add(operator.text)
        if operator.text == "strict":
            self._need("wildcard")
            pattern = wildcard(self._literal("text"), exact=True)
            return lambda f: bool(pattern.fullmatch(left(f)))
        if operator.text == "wildcard":
            pattern = wildcard(self._literal("text"), exact=False)
            return lambda f: bool(pattern.fullmatch(left(f)))
        if operator.text == "in":
            tests = self._set(type)
            return lambda f: any(test(left(f)) for test in tests)
        start = self._next
        if type == "address" and "/" in start.text:
            raise self._error(start, "invalid IP address: a range needs the operator in")
        right = self._literal(type)
        if operator.text == "matches":
            try:
                regex = re.compile(right)
            except re.error as error:
                raise self._error(start, f"failed to parse regular expression: {error}") from None
            return lambda f: bool(regex.search(left(f)))
        return ORDERS[operator.text](left, right)

    def _set(self, type: str) -> list[Callable[[Any], bool]]:
        if (self._next.kind == "sign" and self._next.text != "{") or self._next.kind in ("string", "word"):
            raise self._error(self._next, 'expected literal "{"')
        self._need("{")
        tests: list[Callable[[Any], bool]] = []
        while not self._take("}"):
            low = self._literal(type)
            if type == "int" and self._take(".."):
                tests.append(between(low, self._literal(type)))
            else:
                tests.append(within(low) if type == "address" else equals(low))
        if not tests:
            raise self._error(self._next, "expected at least one value in the set")
        return tests

    def _literal(self, type: str) -> Any:
        token = self._next
        wanted = {"text": "string", "int": "number", "address": "address", "literal": "string"}[type]
        if token.kind != wanted:
            names = {"string": "quoted utf8 string", "number": "integer", "address": "IP address"}
            raise self._error(token, f"expected {names[wanted]}")
        self.at += 1
        if type == "int":
            return int(token.text)
        if type == "address":
            try:
                return ipaddress.ip_network(token.text, strict=False)
            except ValueError:
                raise self._error(token, "invalid IP address") from None
        return token.text

    def _operand(self) -> tuple[Value, str]:
        token = self._next
        if token.kind == "string":
            self.at += 1
            return (lambda _: token.text), "text"
        if token.kind == "number":
            self.at += 1
            return (lambda _: int(token.text)), "int"
        if token.kind != "word" or token.text in _WORDS:
            raise self._error(token, "unrecognised input" if token.kind != "end" else "unexpected end of expression")
        if self.tokens[self.at + 1].text == "(" and self.tokens[self.at + 1].kind == "sign":
            return self._call()
        if token.text not in self.known:
            raise self._error(token, "unknown identifier")
        self.at += 1
        self.fields.add(token.text)
        if self.known[token.text] != "map":
            return (lambda f: f[token.text]), self.known[token.text]
        key = self._index(token)
        self._need("[")
        number = self._literal("int")
        self._need("]")
        return (lambda f: nth(f[token.text].get(key, ()), number)), "text"

    def _index(self, field: Token) -> str:
        self._need("[")
        key: str = self._literal("text")
        self._need("]")
        return key.lower() if field.text.endswith("headers") else key

    def _call(self) -> tuple[Value, str]:
        name = self._next
        if name.text not in _FUNCTIONS:
            raise self._error(name, "unknown identifier")
        self.at += 1
        self.functions.add(name.text)
        self._need("(")
        wanted, result = _FUNCTIONS[name.text]
        given: list[Value] = []
        while True:
            type = wanted[min(len(given), len(wanted) - 1)]
            start = self._next
            if type == "literal":
                text = self._literal("literal")
                given.append(lambda _, text=text: text)  # type: ignore[misc]
            else:
                value, found = self._operand()
                if type not in ("any", found):
                    raise self._error(start, f"expected argument of type {type}, found {found}")
                given.append(value)
            if not self._take(","):
                break
        closing = self._next
        self._need(")")
        least = len(wanted) - (name.text in _LAST_OPTIONAL)
        if len(given) < least or (len(given) > len(wanted) and name.text != "concat"):
            raise self._error(closing, f"invalid number of arguments for {name.text}")
        return (lambda f: called(name.text, [value(f) for value in given])), result

    def _quantified(self) -> Value:
        word = self._next.text
        self.at += 1
        self._need("(")
        field = self._next
        if field.text not in self.known:
            raise self._error(field, "unknown identifier")
        if self.known[field.text] != "map":
            raise self._error(field, "expected an array")
        self.at += 1
        self.fields.add(field.text)
        key = self._index(field)
        for sign in ("[", "*", "]"):
            self._need(sign)
        operator = self._next
        if operator.kind != "word" or operator.text not in _OPERATORS:
            raise self._error(operator, "expected comparison operator")
        test = self._compared(lambda f: f[""], "text")
        self._need(")")
        join = any if word == "any" else all
        return lambda f: join(test({"": one}) for one in f[field.text].get(key, ()))
