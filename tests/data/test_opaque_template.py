"""A template that only copies contents is run once for each sequence of roles, and writes what it would have written; others never are."""

import jinja2
import jinja2.sandbox
import pytest
from hypothesis import given
from hypothesis import strategies as st

from phitune_gui.catalog.formats.dataset_format import BadRow
from phitune_gui.core.messages import Message
from phitune_gui.data.opaque_template import copies_contents
from phitune_gui.data.render import MAX_RENDERED, SENTINEL, ChatTemplate
from phitune_gui.data.template_sandbox import TemplateSandbox

LOOP = "{{% for message in messages %}}{}{{% endfor %}}"
COPIES = [
    LOOP.format("{{ '<|' + message['role'] + '|>\\n' + message['content'] + '<|end|>\\n' }}"),
    LOOP.format(
        "{% if message.role == 'user' %}<|user|>{{ message.content }}{% elif loop.last %}{{ message.content ~ eos_token }}{% endif %}"
    ),
    "{% if messages[0]['role'] == 'system' %}{% set system = messages[0]['content'] %}{% set rest = messages[1:] %}{% else %}"
    "{% set system = 'none' %}{% set rest = messages %}{% endif %}{{ system }}"
    "{% for turn in rest %}{{ loop.index0 }}{{ turn['content'] }}{% if loop.index == rest|length %}.{% endif %}{% endfor %}",
    LOOP.format("{% if message.content is defined and message.content is string %}{{ message.content + message.content }}{% endif %}"),
    LOOP.format("{{ message.content if message.role in ('user', 'system') else '[' ~ message.content ~ ']' }}"),
    LOOP.format(
        "{% if message.role not in ['user', 'assistant'] %}{{ raise_exception('no ' + message.role) }}{% endif %}{{ message.content }}"
    ),
    "{% set ns = namespace(n=0) %}" + LOOP.format("{% set ns.n = ns.n + 1 %}{{ ns.n }}{{ messages[ns.n - 1].content }}"),
]
LOOKS = [
    LOOP.format("{{ message['content'] | trim }}"),
    LOOP.format("{{ message['content'].strip() }}"),
    LOOP.format("{% if message['content'] %}a{% endif %}"),
    LOOP.format("{% if 'think' in message['content'] %}a{% endif %}"),
    LOOP.format("{{ message['content'][:5] }}"),
    LOOP.format("{{ message['content'] * 2 }}"),
    LOOP.format("{{ message['content']|length }}"),
    LOOP.format("{{ message }}"),
    LOOP.format("{{ message|length }}"),
    LOOP.format("{% for key, value in message.items() %}{{ value }}{% endfor %}"),
    LOOP.format("{% for letter in message.content %}{{ letter }}-{% endfor %}"),
    LOOP.format("{% set key = 'con' + 'tent' %}{{ message[key] }}"),
    LOOP.format("{% if loop.previtem and loop.previtem.content == 'a' %}b{% endif %}"),
    LOOP.format("{% if loop['nextitem'] %}b{% endif %}"),
    LOOP.format("{% if loop.changed(message.content) %}b{% endif %}"),
    LOOP.format("{% set l = loop %}{{ l.previtem.content }}"),
    LOOP.format("{% if message.content is sameas 'a' %}b{% endif %}"),
    LOOP.format("{{ {'a': 'b'}[message.content] }}"),
    "{{ messages | tojson }}",
    "{{ messages }}",
    "{% if messages == [] %}a{% endif %}",
    "{{ messages[0].content == 'a' }}",
    "{% set first = messages[0].content %}{% if first %}a{% endif %}",
    "{% set ns = namespace(text='') %}" + LOOP.format("{% set ns.text = ns.text + message.content %}") + "{{ ns.text|upper }}",
    "{% set ns = namespace(text=messages[0].content) %}{{ ns.text|upper }}",
    "{% macro show(text) %}{{ text|upper }}{% endmacro %}" + LOOP.format("{{ show(message.content) }}"),
    "{% set text %}{{ messages[0].content }}{% endset %}{{ text|upper }}",
    "{% filter upper %}" + LOOP.format("{{ message.content }}") + "{% endfilter %}",
    "{% for message in messages if message.content == 'a' %}b{% endfor %}",
    "{% for a, b in messages|batch(2) %}{{ a.content }}{% endfor %}",
    "{% set a = messages %}{% set b = a[0] %}{% set c = b.content %}{% if c == 'a' %}d{% endif %}",
    LOOP.format("{% generation %}{{ message.content }}{% endgeneration %}"),
    "{{ strftime_now('%H %M') }}",
    LOOP.format("{% set content = message.content %}{% if content == 'a' %}{{ content }}{% endif %}"),
    "{% set x = '' %}" + LOOP.format("{% if x %}b{% endif %}{% set x = message.content %}"),
]
ROLES = st.sampled_from(["system", "user", "assistant"])
CONTENT = st.one_of(st.text(max_size=8), st.sampled_from(["<|end|>", " a ", f"{SENTINEL}-0-", "{{ 1 }}", "think"]))


def as_jinja_does(source: str, turns: list[Message]) -> str:
    plain = jinja2.sandbox.ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True)
    plain.globals["raise_exception"] = lambda message: (_ for _ in ()).throw(ValueError(message))
    messages = [{"role": turn.role, "content": turn.content} for turn in turns]
    return plain.from_string(source).render(messages=messages, eos_token="</s>", add_generation_prompt=False)


@pytest.mark.parametrize("source", COPIES)
def test_plain_copying_is_recognised(source: str) -> None:
    assert copies_contents(TemplateSandbox().syntax(source))


@pytest.mark.parametrize("source", LOOKS)
def test_whatever_looks_into_contents_is_not_taken_for_copying(source: str) -> None:
    assert not copies_contents(TemplateSandbox().syntax(source))


@given(st.sampled_from(COPIES), st.lists(st.lists(st.tuples(ROLES, CONTENT), min_size=1, max_size=4), min_size=1, max_size=6))
def test_what_is_written_is_what_jinja_writes(source: str, conversations: list[list[tuple[str, str]]]) -> None:
    template = ChatTemplate(source, {"eos_token": "</s>"})
    for pairs in (*conversations, *conversations):
        turns = [Message.model_validate({"role": role, "content": content}) for role, content in pairs]
        try:
            assert template.render(turns) == as_jinja_does(source, turns)
        except BadRow:
            with pytest.raises(ValueError, match="no system"):
                as_jinja_does(source, turns)


def test_what_gets_too_long_is_refused_the_second_time_as_well() -> None:
    template = ChatTemplate(COPIES[0], {})
    assert template.render([Message(role="user", content="a")])
    for _ in range(2):
        with pytest.raises(BadRow, match="more than"):
            template.render([Message(role="user", content="a" * MAX_RENDERED)])
