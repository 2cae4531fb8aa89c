"""Reading a program's tools from its source, without running it."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pinnedrules.draft.found import FoundTool, merged
from pinnedrules.draft.python import from_source


def names(text: str) -> list[str]:
    return [tool.name for tool in from_source(text, name="agent.py").tools]


def one(text: str) -> FoundTool:
    (tool,) = from_source(text, name="agent.py").tools
    return tool


SCHEMA = '{"type": "object", "properties": {"city": {"type": "string"}, "units": {}}}'


@pytest.mark.parametrize(
    "literal",
    [
        '{"type": "function", "function": {"name": "get_weather", "description": "Weather.", "parameters": %s}}',
        '{"type": "function", "name": "get_weather", "description": "Weather.", "parameters": %s}',
        '{"name": "get_weather", "description": "Weather.", "input_schema": %s}',
        '{"type": "custom", "name": "get_weather", "description": "Weather.", "input_schema": %s}',
        '{"name": "get_weather", "description": "Weather.", "parameters": %s}',
        '{"name": "get_weather", "description": "Weather.", "inputSchema": %s}',
        '{"name": "get_weather", "description": "Wea" + "ther.", "parameters": SCHEMA}',
        'dict(name=NAME, description="Weather.", input_schema=dict(properties=dict(city=1, units=2)))',
        '{**BASE, "input_schema": %s}',
    ],
)
def test_a_definition_is_read_in_every_shape(literal: str) -> None:
    """Chat Completions, Responses, Messages, MCP and the older functions: name, description, arguments and place."""
    base = 'BASE = {"name": NAME, "description": "Weather."}'
    text = f'NAME = "get_weather"\nSCHEMA = {SCHEMA}\n{base}\n\n\nTOOLS = [{literal.replace("%s", SCHEMA)}]\n'

    assert one(text) == FoundTool("get_weather", "Weather.", ("city", "units"), where="agent.py:6")


@pytest.mark.parametrize(
    "decorator",
    [
        "@tool",
        "@beta_tool",
        "@beta_async_tool",
        "@function_tool",
        "@guard.tool",
        "@guard.tool(leave_out=['secret'])",
        "@mcp.tool()",
        "@agent.tool_plain",
        "@server.tool(description='')",
        "@functools.wraps(f)\n@tool",
    ],
)
@pytest.mark.parametrize("word", ["def", "async def"])
def test_a_decorated_function_is_a_tool(decorator: str, word: str) -> None:
    """A function under a decorator of any SDK or framework: its name, docstring and arguments."""
    secret = ", secret" if "leave_out" in decorator else ""
    text = (
        f'{decorator}\n{word} get_weather(ctx: RunContext[str], city: str{secret}, *, units="C"):\n    """Weather."""\n'
    )
    tool = one(text)

    assert (tool.name, tool.description.strip(), tool.arguments) == ("get_weather", "Weather.", ("city", "units"))


@pytest.mark.parametrize(
    "decorator", ['@tool("look")', '@tool(name="look")', '@function_tool(name_override="look")', "@tool(LOOK)"]
)
def test_a_decorator_can_name_the_tool(decorator: str) -> None:
    """The name that the model sees counts, not that of the function."""
    assert names(f'LOOK = "look"\n{decorator}\ndef f(self, a): "x"\n') == ["look"]


def test_a_constructed_tool_is_found() -> None:
    """Tool(...), from_function, pydantic_function_tool and classes that are a tool."""
    text = """
class Weather(BaseModel):
    "The weather."
    city: str
    units: str = "C"

def look(a, b):
    "Looks."

class Search(BaseTool):
    name: str = "search_web"
    description = "Searches."

    def _run(self, query): ...

class Unnamed(BaseTool):
    "No name of its own."

class Other(Base[int]): ...

TOOLS = [
    openai.pydantic_function_tool(Weather),
    pydantic_function_tool(Weather, name="forecast"),
    StructuredTool.from_function(look),
    Tool(name="lookup", func=look, description="Look it up."),
    types.Tool(name="list_x", inputSchema={"properties": {"n": 1}}),
    FunctionTool.from_defaults(fn=look, name="see"),
    Tool(*args),
]
"""
    found = {tool.name: tool for tool in from_source(text, name="agent.py").tools}

    assert set(found) == {"Weather", "forecast", "look", "lookup", "list_x", "see", "search_web"}
    assert found["forecast"].arguments == ("city", "units")
    assert found["lookup"].description == "Look it up.\nLooks."
    assert found["search_web"].arguments == ("query",)


def test_plain_functions_in_a_list_of_tools_are_found() -> None:
    """Frameworks take plain functions in ``tools=[...]``; a decorated one is not counted twice."""
    text = """
def get_a(x): "A."
@tool
def get_b(x): "B."
def helper(x): "Not a tool."
MY_TOOLS = (get_a, get_b, unknown)
Agent(tools=[get_a, helper()], other=[helper])
"""
    assert [tool.name for tool in merged(from_source(text, name="agent.py").tools)] == ["get_b", "get_a"]


def test_a_loop_over_written_out_names_is_followed() -> None:
    """Definitions made in a comprehension over constants are read like those written out."""
    text = """
TOOLS = [{"type": "function", "function": {"name": n, "parameters": {}}} for n in ("a", "b")]
MORE = list({"name": name, "description": said, "input_schema": {}} for name, said in [("c", "C."), ("d", "D.")])
ODD = [{"name": n, "input_schema": {}} for n, m in [("e", "E", "?")]]
IFS = [{"name": n, "input_schema": {}} for n in ("f", "g") if n]
"""
    found = from_source(text, name="agent.py")

    assert [tool.name for tool in found.tools] == ["a", "b", "c", "d"]
    assert [item.where for item in found.unread] == ["agent.py:4", "agent.py:5"]


@pytest.mark.parametrize(
    "text",
    [
        'for n in names:\n    t = {"type": "function", "function": {"name": n, "parameters": {}}}',
        'NAME = "a"\nNAME = "b"\nt = {"name": NAME, "input_schema": {}}',
        't = {"name": f"get_{x}", "description": "d", "parameters": schema()}',
        "@tool(name=compute())\ndef f(): ...",
        "Tool(name=compute())",
        "a = b\nb = a\nt = {'name': a, 'input_schema': {}}",
    ],
)
def test_what_only_the_running_program_knows_is_said(text: str) -> None:
    """A tool whose name is not written out is never guessed: its place is told, so that a person can look."""
    found = from_source(text, name="agent.py")

    assert found.tools == []
    assert [item.why for item in found.unread] == ["its name is only known when the program runs"]


@pytest.mark.parametrize(
    "text",
    [
        'x = {"name": "Ada", "age": 3}',
        'x = {"name": "Ada", "parameters": {"alpha": 1}}',
        'x = {"name": "Ada", "parameters": compute()}',
        'x = {"type": "text", "name": "Ada"}',
        'x = {"type": "object", "properties": {"name": {"type": "string"}, "parameters": {"type": "object"}}}',
        "@cache\ndef f(): ...",
        "def tool(f): return f",
        "x = {1: 2, **y, z(): 3}",
        "",
    ],
)
def test_what_is_no_tool_is_not_taken_for_one(text: str) -> None:
    """Maps with a name are everywhere; only a schema or a type makes one a tool."""
    found = from_source(text, name="agent.py")

    assert (found.tools, found.unread) == ([], [])


def test_what_the_provider_defines_is_found_by_its_type() -> None:
    """Tools of the provider have a type and maybe a name, and no schema."""
    text = """
client.messages.create(tools=[{"type": "bash_20250124", "name": "bash"}, {"type": "web_search"}])
A = {"type": "function", "name": "a", "parameters": {}}
client.responses.create(tools=[{"type": "namespace", "name": "n", "tools": [A]}])
client.chat.completions.create(tools=[{"type": "custom", "custom": {"name": "code", "description": "Runs code."}}])
"""
    found = merged(from_source(text, name="agent.py").tools)

    assert [(tool.name, tool.type) for tool in found] == [
        ("bash", "bash_20250124"),
        ("", "web_search"),
        ("a", ""),
        ("code", ""),
    ]


def test_nothing_of_the_program_is_run(tmp_path: object) -> None:
    """Reading a program never runs it."""
    assert names('raise SystemExit(open("/nope"))\n@tool\ndef get_a(): ...') == ["get_a"]


@given(st.text(alphabet="{}[]()\"'name:,=@tol \n", max_size=60))
def test_only_syntax_errors_leave(text: str) -> None:
    """Whatever a file holds, reading it either gives tools or says that it is no source."""
    with contextlib.suppress(SyntaxError):
        from_source(text, name="agent.py")


def test_several_definitions_of_one_tool_are_added_up() -> None:
    """What one of them says about a tool counts, so that no harmless twin hides it."""
    tools = merged(
        [
            FoundTool("a", "Gets.", ("x",)),
            FoundTool("b"),
            FoundTool("a", "Deletes.", ("x", "y")),
            FoundTool("a", "Gets."),
        ]
    )

    assert tools == [FoundTool("a", "Gets.\nDeletes.", ("x", "y")), FoundTool("b")]
