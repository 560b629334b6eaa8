"""Conversations are rendered as transformers does, and a stranger's template can neither escape nor flood."""

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from phitune_gui.catalog.formats.dataset_format import BadRow
from phitune_gui.core.messages import Message
from phitune_gui.core.problem import CannotStart
from phitune_gui.data.render import ChatTemplate
from phitune_gui.data.tokenizer_files import read_tokenizer_files
from tests.helpers.tiny_tokenizer import CHAT_TEMPLATE

MESSAGES = (
    Message(role="system", content="Be <b>brief</b> & 'kind'."),
    Message(role="user", content="  Sky?\n\nLine"),
    Message(role="assistant", content="Blue. 🎉"),
    Message(role="user", content="And grass?"),
    Message(role="assistant", content="Green.\n"),
)
TEMPLATES = [
    CHAT_TEMPLATE,
    "{{ bos_token }}{% for m in messages %}{% if m.role == 'user' %}\n  {{ m.content | trim }}\n{% endif %}\n{% endfor %}",
    "{% for m in messages %}{% if loop.index > 2 %}{% break %}{% endif %}{{ m.content }}|{% endfor %}",
    "{% for m in messages %}{% generation %}{{ m.content }}{% endgeneration %}{% endfor %}{{ missing }}{{ tools is none }}",
    "{{ messages | tojson }}{{ messages[0] | tojson(indent=2) }}",
    "{% set ns = namespace(n=0) %}{% for m in messages %}{% set ns.n = ns.n + 1 %}{% endfor %}{{ ns.n }}{{ dict(a=1).a }}",
    "    {% if add_generation_prompt %}go{% endif %}\n{{ eos_token }}{{ strftime_now('%Y') }}",
]


def as_transformers(template: str, add_generation_prompt: bool) -> str:
    from transformers.utils.chat_template_utils import render_jinja_template

    rendered = render_jinja_template(
        [[turn.model_dump() for turn in MESSAGES]], chat_template=template, add_generation_prompt=add_generation_prompt,
        bos_token="<s>", eos_token="<|endoftext|>",
    )  # fmt: skip
    text = rendered[0][0] if isinstance(rendered, tuple) else rendered[0]
    assert isinstance(text, str)
    return text


@pytest.mark.parametrize("template", TEMPLATES)
@pytest.mark.parametrize("add_generation_prompt", [False, True])
def test_it_renders_what_transformers_renders(template: str, add_generation_prompt: bool) -> None:
    ours = ChatTemplate(template, {"bos_token": "<s>", "eos_token": "<|endoftext|>"}).render(MESSAGES, add_generation_prompt)

    assert ours == as_transformers(template, add_generation_prompt)


@pytest.mark.parametrize("name", ["phi-3-mini-128k-jul2024", "phi-3-mini-128k-apr2024", "phi-3-mini-4k-apr2024"])
@pytest.mark.parametrize("add_generation_prompt", [False, True])
def test_both_real_generations_render_the_same(phi: Callable[[str], Path], name: str, add_generation_prompt: bool) -> None:
    from transformers import PreTrainedTokenizerFast

    files = read_tokenizer_files(phi(name))
    assert files.template is not None

    ours = ChatTemplate(files.template, files.special_tokens).render(MESSAGES, add_generation_prompt)

    theirs = PreTrainedTokenizerFast.from_pretrained(phi(name))
    turns = [turn.model_dump() for turn in MESSAGES]
    assert ours == theirs.apply_chat_template(turns, tokenize=False, add_generation_prompt=add_generation_prompt)


def test_it_knows_which_roles_a_template_shows() -> None:
    dropping = ChatTemplate("{% for m in messages if m.role in ('user', 'assistant') %}{{ m.content }}{% endfor %}", {})
    refusing = ChatTemplate("{% if messages[0].role == 'system' %}{{ raise_exception('no') }}{% endif %}{{ messages[0].content }}", {})

    assert ChatTemplate(CHAT_TEMPLATE, {}).shows("system")
    assert not dropping.shows("system")
    assert not refusing.shows("system")
    assert not dropping.shows("tool")


HOSTILE = [
    "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "{{ messages.append(1) }}",
    "{{ cycler.__init__.__globals__.os.system('x') }}",
    "{% set ns = namespace() %}{% set ns.__class__ = 1 %}{{ ns }}",
    "{{ namespace(__init__=1) }}",
    "{% for a in range(99999) %}{% for b in range(99999) %}{{ messages }}{% endfor %}{% endfor %}",
    "{{ ('A' * 60000) * messages[0].content | length * 2 }}",
    "{{ 1 / (messages | length - messages | length) }}",
    "{{ messages[99].content + 1 }}",
    "{{ raise_exception('only two turns') }}",
    "{% macro f(x) %}{{ f(x) }}{% endmacro %}{{ f(1) }}",
    "{% include 'other' %}",
    "{% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}{% endfor %}x",
    "{% for i in range(99999) if range(99999) | select('none') | list %}{% endfor %}",
    "{% for a in [1,2,3,4,5,6,7,8,9] recursive %}{{ loop([1,2,3,4,5,6,7,8,9]) if loop.depth < 12 }}{% endfor %}",
    "{% macro f(n) %}{% if n %}{{ f(n - 1) }}{{ f(n - 1) }}{% endif %}{% endmacro %}{{ f(40) }}",
    "{% block a %}{% for i in range(999) %}{{ self.a() if i is none }}{% for j in range(99999) %}{% endfor %}{% endfor %}{% endblock %}",
    "{% set l = [1, 2] %}" + "{% set l = [l, l] %}" * 60 + "{{ l }}",
    "{% set l = [1, 2] %}{% set m = [1, 2] %}" + "{% set l, m = [l, l], [m, m] %}" * 60 + "{{ l == m }}",
    "{% set n = namespace(a=1) %}" + "{% set n = namespace(a=n, b=n) %}" * 60 + "{{ n.b == n }}{{ messages[99].x.y }}",
    "{% set t = 'abcdefgh' %}" + "{% set t = t ~ t %}" * 60 + "{{ t | length }}",
    "{% set t = 'abcdefgh' %}" + "{% set t = t + t %}" * 60 + "{{ t | length }}",
    "{% set t = 'abcdefgh' %}" + "{% set t %}{{ t }}{{ t }}{% endset %}" * 60 + "{{ t | length }}",
    "{% set t %}{% for i in range(99999) %}" + "x" * 50_000 + "{% endfor %}{% endset %}{{ t | length }}",
    "{% set t = 'abcdefgh' %}" + "{% set t = t.replace('a', t) %}" * 60 + "{{ t | length }}",
    "{% set t = 'abcdefgh' %}" + "{% set t = t | replace('a', t) %}" * 60 + "{{ t | length }}",
    "{% set t = 'abcdefgh' %}" + "{% set t = t.join(t) %}" * 60 + "{{ t | length }}",
    "{% set t = 'abcdefgh' %}" + "{% set t = t | join(t) %}" * 60 + "{{ t | length }}",
    "{% set t = 'abcdefgh' %}" + "{% set t = '{0}{0}'.format(t) %}" * 60 + "{{ t | length }}",
    "{% set t = 'abcdefgh' %}" + "{% set t = '%s%s' % (t, t) %}" * 60 + "{{ t | length }}",
    "{{ ('x' * 10**9) | length }}",
    "{{ (10**9 * 'x') | length }}",
    "{{ ([0] * 10**9) | length }}",
    "{{ 7 ** 10**9 }}",
    "{{ 7 ** 9 ** 9 ** 9 }}",
    "{{ 'x'.ljust(10**9) | length }}",
    "{{ '\t'.expandtabs(10**9) | length }}",
    "{{ 'x' | center(10**9) | length }}",
    "{{ 'x' | indent(10**9, true) | length }}",
    "{{ '%1000000000d' % 1 }}",
    "{{ '%*d' % (1000000000, 1) }}",
    "{{ '{:1000000000}'.format(1) | length }}",
    "{{ '{:{}}'.format(1, 1000000000) | length }}",
    "{{ ['{:1000000000}'] | map('format', 1) | list | length }}{{ ['%1000000000d'] | map('format', 1) | list | length }}",
    "{{ (5).to_bytes(1000000000, 'big') | length }}",
    "{{ messages | tojson(indent=1000000000) | length }}",
    "{{ lipsum(1000000) | length }}",
    "{{ strftime_now('%1000000000d' * 100000) }}",
    "{{ (range(99999) | map('string') | map('list') | list) | sum(start=[]) | length }}",
    "{% set a = 'a' * 900000 %}{{ a.rfind('b' + 'a' * 99000) }}{% set b = 'c' * 900000 %}{{ a.strip(b) }}",
    "{% autoescape ('x' | indent(1000000000, true)) %}{% endautoescape %}",
    "{{ 1.5 | round(1000000000) }}",
    "{{ [0] | batch(1000000000, 0) | list | length }}",
    "{{ [0] | slice(1000000000) | list | length }}",
]


@pytest.mark.parametrize("template", HOSTILE)
def test_a_hostile_template_only_refuses_the_row(template: str) -> None:
    began, before = time.thread_time(), _peak_bytes()

    with pytest.raises((BadRow, CannotStart)) as refused:
        ChatTemplate(template, {}).render(MESSAGES)

    assert "chat template" in str(refused.value)
    assert time.thread_time() - began < 2.5
    assert _peak_bytes() - before < 200e6


def test_a_slow_template_is_given_up() -> None:
    slow = ChatTemplate("{% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}{% endfor %}", {})

    with pytest.raises(CannotStart, match="works longer than 1 s"):
        slow.shows("user")


def test_long_conversations_are_no_attack() -> None:
    turns = [Message(role=role, content="Some words.\n" * 30) for _ in range(1000) for role in ("user", "assistant")]

    text = ChatTemplate(CHAT_TEMPLATE, {}).render(turns)

    assert text.count("Some words.") == 60_000


def _peak_bytes() -> float:
    """The most memory this process has had so far, where the system tells it."""
    if sys.platform != "linux":
        return 0
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


@pytest.mark.parametrize("template", ["{{ a", "{% for %}", "x" * 100_001, "{% if 1 %}" * 30_000, "{{ " + "(" * 20_000])
def test_a_template_that_cannot_be_used_is_refused(template: str) -> None:
    with pytest.raises(CannotStart, match="chat template"):
        ChatTemplate(template, {})


def test_the_template_file_wins_and_the_default_of_several_is_used(tiny_folder: Path, tmp_path: Path) -> None:
    (tmp_path / "tokenizer.json").write_bytes((tiny_folder / "tokenizer.json").read_bytes())
    several = [{"name": "tool_use", "template": "T"}, {"name": "default", "template": "D"}]
    config = {"chat_template": several, "bos_token": {"content": "<s>"}, "eos_token": None, "add_bos_token": True}
    (tmp_path / "tokenizer_config.json").write_text(json.dumps(config))

    files = read_tokenizer_files(tmp_path)
    (tmp_path / "chat_template.jinja").write_text("J")

    assert (files.template, dict(files.special_tokens), files.adds_bos) == ("D", {"bos_token": "<s>"}, True)
    assert read_tokenizer_files(tmp_path).template == "J"


def test_a_template_that_asks_for_the_number_of_turns_in_every_turn_takes_long_conversations() -> None:
    source = "{% for m in messages %}{% if loop.index0 != messages|length - 1 %}{{ m.content }}{% endif %}{% endfor %}"
    turns = [Message(role="user" if turn % 2 == 0 else "assistant", content="aye") for turn in range(2000)]

    assert ChatTemplate(source, {}).render(turns) == "aye" * 1999
