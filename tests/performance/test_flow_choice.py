"""Which flows are walked, by whom, and to which hosts."""

from __future__ import annotations

import pytest

from launchready.performance.flow_choice import PASSWORD, VERIFY_USER, base_of, ground_of, logs_in, step_name
from launchready.performance.flows import flows_of
from launchready.portal import Portal, PortalError, parse_portal
from launchready.portal_performance import FlowStep

VERIFY = """
domain = "client.example"
[verify]
url = "https://app.client.example"
pages = [{path = "/"}, {path = "/pricing", text = "Prices"}]
"""
LOGIN = """
[verify.login]
path = "/login/"
user_env = "SMOKE_USER"
password_env = "SMOKE_PASSWORD"
text = "Dashboard"
"""


def test_a_portal_without_settings_has_its_first_page_as_a_flow() -> None:
    (flow,) = flows_of(Portal(domain="client.example"))
    assert (flow.name, flow.steps[0].path, flow.steps[0].status) == ("/", "/", 200)
    assert base_of(Portal(domain="client.example")) == "https://client.example/"


def test_the_pages_and_the_login_of_verify_are_flows() -> None:
    portal = parse_portal(VERIFY + LOGIN)
    flows = flows_of(portal)
    assert [flow.name for flow in flows] == ["/", "/pricing", "login"]
    assert flows[1].steps[0].text == "Prices"
    assert flows[2].user == VERIFY_USER
    ground = ground_of(portal)
    assert ground.users[VERIFY_USER].password_env == "SMOKE_PASSWORD"
    assert ground.login
    assert (ground.login.path, ground.login.text) == ("/login/", "Dashboard")
    assert ground.base == "https://app.client.example"
    assert [flow.name for flow in flows_of(parse_portal(VERIFY))] == ["/", "/pricing"]


def test_flows_that_are_named_are_all_there_are() -> None:
    named = '[[performance.flows]]\nname = "look"\nsteps = [{path = "/prices"}]\n'
    users = '[performance.users.ada]\nuser_env = "ADA_USER"\npassword_env = "ADA_PASSWORD"\n'
    portal = parse_portal(VERIFY + LOGIN + named + users)
    assert [flow.name for flow in flows_of(portal)] == ["look"]
    assert list(ground_of(portal).users) == ["ada"]


def test_a_login_of_performance_is_walked_by_its_first_user() -> None:
    text = '[performance]\nlogin = {path = "/in/"}\n[performance.users.ada]\nuser_env = "A"\npassword_env = "B"\n'
    flow = flows_of(parse_portal('domain = "client.example"\n' + text))[-1]
    assert (flow.name, flow.user) == ("login", "ada")
    assert logs_in(flow)


def test_no_host_but_the_portals_and_the_owned_is_walked_to() -> None:
    portal = parse_portal('domain = "client.example"\nhosts = ["app"]\nowned = ["api", "127.0.0.1"]\n')
    ground = ground_of(portal)
    assert {"client.example", "www.client.example", "app.client.example", "api.client.example"} < ground.hosts
    assert "evil.example" not in ground.hosts
    assert ground.of_owned_hosts(portal.owned_hosts).hosts == {"api.client.example", "127.0.0.1"}


def test_a_step_is_called_by_what_it_does() -> None:
    assert step_name(FlowStep(path="/a")) == "GET /a"
    assert step_name(FlowStep(path="/a", form={"x": "1"})) == "POST /a"
    assert step_name(FlowStep(path="/a", form={"x": "1"}, method="GET")) == "GET /a"
    assert step_name(FlowStep(path="/a", name="look")) == "look"
    assert step_name(FlowStep.model_validate({"login": {"path": "/login/"}})) == "login"


def test_a_form_without_a_method_may_change_something() -> None:
    text = 'domain = "client.example"\n[[performance.flows]]\nname = "a"\nsteps = [{path = "/a", form = {q = "1"}%s}]\n'
    with pytest.raises(PortalError, match="say changes = true"):
        parse_portal(text % "")
    assert parse_portal(text % ', method = "GET"').performance


def test_a_password_in_a_step_is_a_login() -> None:
    step = FlowStep.model_validate({"path": "/in", "json": {"inner": [f"{{{PASSWORD}}}"]}})
    flow = flows_of(Portal(domain="client.example"))[0]
    assert not logs_in(flow)
    assert logs_in(flow.model_copy(update={"steps": (step,)}))
