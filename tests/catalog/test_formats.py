"""Every dataset format knows its own rows, turns them into the right turns, and says in a sentence why it refuses a row."""

import time
from typing import Any

import pytest

from phitune_gui.catalog.formats import FORMATS, format_by_id
from phitune_gui.catalog.formats.dataset_format import BadRow
from phitune_gui.catalog.formats.templated_text import turns_of
from phitune_gui.core.messages import Conversation

ASKED = (("user", "Sky?"), ("assistant", "Blue."))
SAID_OPENAI = [{"role": "user", "content": "Sky?"}, {"role": "assistant", "content": "Blue."}]
NAMES = "Which names are in the text? Answer with one line for each: name: kind."
TAGS = "Which tag has each word? Answer with one line for each: word: tag."
PICKED = (("user", "Sky?\n\nA. Red\nB. Blue"), ("assistant", "B. Blue"))
SAMPLES: dict[str, list[tuple[dict[str, Any], tuple[tuple[str, str], ...]]]] = {
    "openai_messages": [
        ({"messages": [{"role": "user", "content": "Sky?"}, {"role": "assistant", "content": "Blue."}]}, ASKED),
        (
            {"messages": [
                {"role": "developer", "content": "Be brief."},
                {"role": "user", "content": [{"type": "text", "text": "Sk"}, {"type": "text", "text": "y?"}]},
                {"role": "assistant", "content": "Blue."},
            ]},
            (("system", "Be brief."), *ASKED),
        ),
        (
            {"tools": [{"name": "look"}], "messages": [
                {"role": "user", "content": "Sky?"},
                {"role": "assistant", "content": None, "tool_calls": [{"name": "look"}]},
                {"role": "tool", "content": "blue"},
                {"role": "assistant", "content": "Blue."},
            ]},
            (
                ("system", 'Tools that can be called:\n[{"name": "look"}]'), ("user", "Sky?"), ("assistant", '[{"name": "look"}]'),
                ("tool", "blue"), ("assistant", "Blue."),
            ),
        ),
        (
            {"messages": [
                {"role": "user", "content": "Sky?"},
                {"role": "assistant", "content": "I look.", "function_call": {"name": "look"}},
                {"role": "function", "content": "blue"},
                {"role": "assistant", "content": "Blue."},
            ]},
            (("user", "Sky?"), ("assistant", 'I look.\n{"name": "look"}'), ("tool", "blue"), ("assistant", "Blue.")),
        ),
    ],
    "sharegpt": [
        ({"conversations": [{"from": "human", "value": "Sky?"}, {"from": "gpt", "value": "Blue."}]}, ASKED),
        (
            {"system": "Be brief.", "conversations": [{"from": "human", "value": "Sky?"}, {"from": "gpt", "value": "Blue."}]},
            (("system", "Be brief."), *ASKED),
        ),
        (
            {"tools": "[]", "conversations": [
                {"from": "human", "value": "Sky?"}, {"from": "function_call", "value": "look()"},
                {"from": "observation", "value": "blue"}, {"from": "gpt", "value": "Blue."},
            ]},
            (("user", "Sky?"), ("assistant", "look()"), ("tool", "blue"), ("assistant", "Blue.")),
        ),
        (
            {"conversations": [
                {"from": "Prompter", "value": "Sky?"}, {"from": "tool_call", "value": "look()"},
                {"from": "function_response", "value": "blue"}, {"from": "AI", "value": "Blue."},
            ]},
            (("user", "Sky?"), ("assistant", "look()"), ("tool", "blue"), ("assistant", "Blue.")),
        ),
    ],
    "alpaca": [
        ({"instruction": "Sky?", "input": "", "output": "Blue."}, ASKED),
        ({"instruction": "Colour?", "input": "sky", "output": "Blue."}, (("user", "Colour?\n\nsky"), ("assistant", "Blue."))),
        (
            {"instruction": "Sky?", "output": "Blue.", "system": "S", "history": [["Hi", "Hello"]]},
            (("system", "S"), ("user", "Hi"), ("assistant", "Hello"), *ASKED),
        ),
    ],
    "prompt_completion": [
        ({"prompt": "Sky?", "completion": "Blue."}, ASKED),
        ({"prompt": "Sky?", "response": "Blue."}, ASKED),
        ({"instruction": "Sky?", "response": "Blue."}, ASKED),
        ({"instruction": "Sky?", "context": "It is day.", "response": "Blue."}, (("user", "Sky?\n\nIt is day."), ("assistant", "Blue."))),
    ],
    "question_answer": [
        ({"question": "Sky?", "answer": "Blue."}, ASKED),
        ({"Question": "Six times seven?", "ANSWER": 42}, (("user", "Six times seven?"), ("assistant", "42"))),
        ({"context": "It is day.", "question": "Sky?", "answer": "Blue."}, (("user", "It is day.\n\nSky?"), ("assistant", "Blue."))),
    ],
    "multiple_choice": [
        ({"Question": "Sky?", "Best Answer": "Blue.", "Correct Answers": "Blue.; Azure.", "Incorrect Answers": "Red.; Green."}, ASKED),
        ({"question": "Sky?", "correct_answer": "Blue.", "incorrect_answers": ["Red."]}, ASKED),
        ({"question": "Sky?", "choices": ["Red", "Blue"], "answer": 1}, PICKED),
        ({"question": "Sky?", "options": {"A": "Red", "B": "Blue"}, "answer": "b"}, PICKED),
        ({"question": "Sky?", "choices": ["Red", "Blue"], "answer": "Blue"}, PICKED),
        ({"question": "Sky?", "A": "Red", "B": "Blue", "C": "", "answer": "(B)"}, PICKED),
        (
            {"question": "Sky?", "choices": {"text": ["Red", "Blue"], "label": ["1", "2"]}, "answerKey": "2"},
            (("user", "Sky?\n\n1. Red\n2. Blue"), ("assistant", "2. Blue")),
        ),
    ],
    "classification": [
        ({"text": "I like it", "label": "good"}, (("user", "Which label fits the text?\n\nText: I like it"), ("assistant", "good"))),
        ({"sentence": "No", "category": 0}, (("user", "Which label fits the text?\n\nText: No"), ("assistant", "0"))),
    ],
    "text_truth": [
        ({"text": "Sky?", "ground_truth": "Blue."}, ASKED),
        ({"Question": "Sky?", "Ground Truth": "Blue.", "context": "It is day."}, (("user", "It is day.\n\nSky?"), ("assistant", "Blue."))),
    ],
    "translation": [
        ({"source": "sky", "target": "Himmel"}, (("user", "Translate this text.\n\nsky"), ("assistant", "Himmel"))),
        (
            {"src": "sky", "tgt": "Himmel", "source_lang": "English", "target_lang": "German"},
            (("user", "Translate this text from English into German.\n\nsky"), ("assistant", "Himmel")),
        ),
        (
            {"id": "7", "translation": {"en": "sky", "de": "Himmel"}},
            (("user", "Translate this text from en into de.\n\nsky"), ("assistant", "Himmel")),
        ),
    ],
    "ner": [
        (
            {"tokens": ["Ada", "Lovelace", "saw", "Paris", "Bath"], "ner_tags": ["B-PER", "I-PER", "O", "B-LOC", "B-LOC"]},
            (("user", f"{NAMES}\n\nText: Ada Lovelace saw Paris Bath"), ("assistant", "Ada Lovelace: PER\nParis: LOC\nBath: LOC")),
        ),
        ({"words": ["So", "what"], "labels": ["O", "O"]}, (("user", f"{NAMES}\n\nText: So what"), ("assistant", "None."))),
        (
            {"tokens": ["New", "York", "Ada"], "tags": ["B-LOC", "E-LOC", "S-PER"]},
            (("user", f"{NAMES}\n\nText: New York Ada"), ("assistant", "New York: LOC\nAda: PER")),
        ),
        ({"tokens": ["I", "run"], "pos_tags": ["PRON", "VERB"]}, (("user", f"{TAGS}\n\nText: I run"), ("assistant", "I: PRON\nrun: VERB"))),
    ],
    "preference": [
        ({"prompt": "Sky?", "chosen": "Blue.", "rejected": "Red."}, ASKED),
        (
            {"system": "S", "question": "Colour?", "input": "sky", "Chosen": "Blue.", "Rejected": "Red."},
            (("system", "S"), ("user", "Colour?\n\nsky"), ("assistant", "Blue.")),
        ),
        (
            {
                "conversations": [{"from": "human", "value": "Hi"}, {"from": "gpt", "value": "Hello"}, {"from": "human", "value": "Sky?"}],
                "chosen": {"from": "gpt", "value": "Blue."}, "rejected": {"from": "gpt", "value": "Red."},
            },
            (("user", "Hi"), ("assistant", "Hello"), *ASKED),
        ),
        ({"prompt": "Sky?", "chosen": SAID_OPENAI, "rejected": SAID_OPENAI}, ASKED),
        ({"prompt": SAID_OPENAI[:1], "chosen": SAID_OPENAI[1:], "rejected": []}, ASKED),
        (
            {"chosen": "\n\nHuman: Hi\n\nAssistant: Hello\n\nHuman: Sky?\n\nAssistant: Blue.", "rejected": "\n\nHuman: Hi"},
            (("user", "Hi"), ("assistant", "Hello"), *ASKED),
        ),
    ],
}  # fmt: skip
ROWS = [(id, row, wanted) for id, samples in SAMPLES.items() for row, wanted in samples]


def said(conversation: Conversation) -> tuple[tuple[str, str], ...]:
    return tuple((turn.role, turn.content) for turn in conversation.messages)


def test_ids_are_those_of_the_command_line_and_unique() -> None:
    ids = [each.id for each in FORMATS]

    assert ids == [*SAMPLES, "plain_text", "template"]
    assert all(format_by_id(id).id == id for id in ids)
    with pytest.raises(KeyError):
        format_by_id("nothing")


@pytest.mark.parametrize(("id", "row", "wanted"), ROWS)
def test_a_row_becomes_its_turns(id: str, row: dict[str, Any], wanted: tuple[tuple[str, str], ...]) -> None:
    assert said(format_by_id(id).to_messages(row, {})) == wanted


@pytest.mark.parametrize(("id", "row", "_wanted"), ROWS)
def test_a_row_looks_most_like_its_own_format(id: str, row: dict[str, Any], _wanted: object) -> None:
    scores = {each.id: each.looks_like(row) for each in FORMATS}

    assert max(scores, key=lambda name: scores[name]) == id
    assert all(0 <= score <= 1 for score in scores.values())


def test_plain_text_is_a_text_without_turns() -> None:
    plain = format_by_id("plain_text")

    assert plain.to_messages({"text": "Once upon a time."}, {}) == Conversation(text="Once upon a time.")
    assert plain.looks_like({"text": "a"}) == 1.0
    assert plain.looks_like({"text": "a", "url": "b"}) > 0.5 > plain.looks_like({"text": "a", "label": "b"})


HISTORY = (("system", "S"), ("user", "Hi"), ("assistant", "Hello"), *ASKED)
TEMPLATED = [
    (
        "<|system|>\nS<|end|>\n<|user|>\nHi<|end|>\n<|assistant|>\nHello<|end|>\n<|user|>\nSky?<|end|>\n<|assistant|>\nBlue.<|end|>\n",
        HISTORY,
    ),
    ("<|user|>\nSky?</s>\n<|assistant|>\nBlue.</s>", ASKED),
    (
        "<|im_start|>system\nS<|im_end|>\n<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\nHello<|im_end|>\n"
        "<|im_start|>user\nSky?<|im_end|>\n<|im_start|>assistant\nBlue.<|im_end|><|endoftext|>",
        HISTORY,
    ),
    (
        "<|begin_of_text|><|start_header_id|>user<|end_header_id|>\n\nSky?<|eot_id|>"
        "<|start_header_id|>assistant<|end_header_id|>\n\nBlue.<|eot_id|>",
        ASKED,
    ),
    ("<bos><start_of_turn>user\nSky?<end_of_turn>\n<start_of_turn>model\nBlue.<end_of_turn>\n", ASKED),
    ("<s>[INST] <<SYS>>\nS\n<</SYS>>\n\nHi [/INST] Hello </s><s>[INST] Sky? [/INST] Blue. </s>", HISTORY),
    ("### Human: Sky?### Assistant: Blue.", ASKED),
    ("Below is an instruction that describes a task. Write a response.\n\n### Instruction:\nSky?\n\n### Response:\nBlue.</s>", ASKED),
]


@pytest.mark.parametrize(("text", "wanted"), TEMPLATED)
def test_templated_text_is_taken_apart(text: str, wanted: tuple[tuple[str, str], ...]) -> None:
    learned = format_by_id("plain_text").to_messages({"text": text}, {})

    assert said(learned) == wanted
    assert "already written in a chat template" in learned.notes[0]


@pytest.mark.parametrize(
    "text",
    ["What is <|user|> for? <|assistant|> knows.", "<|user|>\nSky?<|end|>", "### Response:\nBlue.", "# A\n\n### Human: b"],
)
def test_text_that_only_spells_a_part_of_a_template_stays_text(text: str) -> None:
    assert format_by_id("plain_text").to_messages({"text": text}, {}) == Conversation(text=text)


@pytest.mark.parametrize("piece", ["[INST]", "[INST]a[/INST]<s>", "[INST]a[/INST]b</s>", "<|user|>", "<|assistant|></s> ", "### Human:"])
def test_long_rows_of_markers_alone_are_read_in_no_time(piece: str) -> None:
    began = time.process_time()

    turns_of(piece * 50_000)
    turns_of(f"[INST]a[/INST]{piece * 50_000}")

    assert time.process_time() - began < 5  # what grows with the square of the length takes minutes


def test_preference_pairs_are_not_taken_for_conversations() -> None:
    row = {"conversations": [{"from": "human", "value": "a"}], "chosen": {}, "rejected": {}, "prompt": "a", "completion": "b"}

    assert {each.id: each.looks_like(row) for each in FORMATS if each.looks_like(row)} == {"preference": 1.0}


def test_what_is_left_unsaid_of_a_question_is_noted() -> None:
    best = format_by_id("multiple_choice").to_messages({"question": "Sky?", "best answer": "Blue.", "incorrect answers": "Red."}, {})

    assert len(best.notes) == 1
    assert "neither shown nor learned" in best.notes[0]


@pytest.mark.parametrize(("id", "noted"), [("openai_messages", [False, False, True, True]), ("sharegpt", [False, False, True, True])])
def test_calls_of_tools_are_noted(id: str, noted: list[bool]) -> None:
    notes = [format_by_id(id).to_messages(row, {}).notes for row, _ in SAMPLES[id]]

    assert [any("Calls of tools are learned as the text" in note for note in each) for each in notes] == noted


def test_offered_tools_are_noted_without_a_call() -> None:
    row = {"tools": '[{"name": "look"}]', "conversations": [{"from": "human", "value": "Sky?"}, {"from": "gpt", "value": "Blue."}]}

    assert "told in the system text" in format_by_id("sharegpt").to_messages(row, {}).notes[0]


def test_a_rejected_answer_is_noted_and_may_be_anything() -> None:
    learned = format_by_id("preference").to_messages({"prompt": "Sky?", "chosen": "Blue.", "rejected": {"odd": [None]}}, {})

    assert said(learned) == ASKED
    assert "the rejected one is not read" in learned.notes[0]


def test_said_columns_overrule_the_usual_names() -> None:
    row = {"question": "wrong", "Frage": "Sky?", "Antwort": "Blue."}

    assert said(format_by_id("question_answer").to_messages(row, {"question": "Frage", "answer": "antwort"})) == ASKED


def test_the_labels_found_are_listed_in_the_question() -> None:
    judge = format_by_id("classification")
    rows = [{"text": "a", "label": label} for label in ("good", "bad", "good ", "")]
    assert judge.learn_columns is not None

    columns = judge.learn_columns(rows, {})

    question = judge.to_messages(rows[0], columns).messages[0].content
    assert question == "Which label fits the text? Answer with one of: bad, good.\n\nText: a"


def test_too_many_labels_are_not_listed() -> None:
    judge = format_by_id("classification")
    assert judge.learn_columns is not None

    columns = judge.learn_columns([{"text": "a", "label": number} for number in range(51)], {})

    assert judge.to_messages({"text": "a", "label": 1}, columns).messages[0].content.startswith("Which label fits the text?\n")


def test_the_kinds_of_names_found_are_listed_in_the_question() -> None:
    names = format_by_id("ner")
    rows = [
        {"tokens": ["Ada", "Paris"], "tags": ["B-PER", "B-LOC"]},
        {"tokens": ["So"], "tags": ["O"]},
        {"tokens": "broken", "tags": ["B-X"]},
    ]
    assert names.learn_columns is not None

    columns = names.learn_columns(rows, {})

    assert said(names.to_messages(rows[1], columns)) == (("user", f"{NAMES} The kinds are: LOC, PER.\n\nText: So"), ("assistant", "None."))


def test_one_tag_that_marks_no_name_makes_all_rows_lists_of_words() -> None:
    names = format_by_id("ner")
    rows = [{"tokens": ["O"], "tags": ["O"]}, {"tokens": ["run"], "tags": ["VERB"]}]
    assert names.learn_columns is not None

    columns = names.learn_columns(rows, {})

    assert said(names.to_messages(rows[0], columns)) == (("user", f"{TAGS} The tags are: O, VERB.\n\nText: O"), ("assistant", "O: O"))


def test_tags_that_are_numbers_have_the_names_that_are_said() -> None:
    row = {"tokens": ["Ada", "Lovelace", "ran"], "ner_tags": [1, 2, 0]}

    learned = format_by_id("ner").to_messages(row, {"labels": "O, B-PER, I-PER"})

    assert said(learned)[1] == ("assistant", "Ada Lovelace: PER")


BAD = [
    ("question_answer", {"question": "Sky?"}, "'answer' is missing"),
    ("question_answer", {"question": "Sky?", "answer": " "}, "answer is empty"),
    ("question_answer", {"question": "Sky?", "answer": None}, "answer is empty"),
    ("question_answer", {"question": "Sky?", "answer": float("nan")}, "answer is empty"),
    ("question_answer", {"question": ["Sky?"], "answer": "Blue."}, "a list"),
    ("alpaca", {"instruction": "a", "output": "b", "history": [["only one"]]}, "pairs"),
    ("plain_text", {"text": ""}, "text is empty"),
    ("plain_text", {"text": "[INST] a"}, "answer is empty"),
    ("plain_text", {"text": "<|user|>\nSky?<|end|>\n<|assistant|>\n"}, "answer is empty"),
    ("plain_text", {"text": "<|user|>\na<|end|><|assistant|>b<|end|><|user|>c"}, "not from the assistant"),
    ("openai_messages", {"messages": []}, "no messages"),
    ("openai_messages", {"messages": "Hi"}, "not a list"),
    ("openai_messages", {"messages": ["Hi"]}, "not an object"),
    ("openai_messages", {"messages": [{"role": "user", "content": "Sky?"}]}, "not from the assistant"),
    ("openai_messages", {"messages": [{"role": "assistant", "content": "Blue."}]}, "no user message"),
    ("openai_messages", {"messages": [{"role": "robot", "content": "Sky?"}]}, "'robot' is unknown"),
    ("openai_messages", {"messages": [{"role": ["user"], "content": "Sky?"}]}, "is unknown"),
    ("openai_messages", {"messages": [{"role": "user"}, {"role": "assistant", "content": "Blue."}]}, "no content"),
    ("openai_messages", {"messages": [{"role": "user", "content": [{"type": "image_url"}]}]}, "not text"),
    ("openai_messages", {"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": ""}]}, "answer is empty"),
    ("multiple_choice", {"question": "Sky?", "best_answer": "", "incorrect_answers": "Red."}, "best_answer is empty"),
    ("multiple_choice", {"question": "Sky?", "choices": ["Red", "Blue"], "answer": None}, "best_answer is empty"),
    ("multiple_choice", {"question": "Sky?", "choices": ["Red", "Blue"], "answer": "Green"}, "'Green' is none of the choices"),
    ("multiple_choice", {"question": "Sky?", "choices": ["Red", "Blue"], "answer": 2}, "'2' is none of the choices"),
    ("multiple_choice", {"question": "Sky?", "choices": ["Red"], "answer": 0}, "not 2 to 26"),
    ("multiple_choice", {"question": "Sky?", "choices": ["Red", ["Blue"]], "answer": 0}, "a list"),
    ("preference", {"prompt": "Sky?", "chosen": " ", "rejected": "Red."}, "chosen answer is empty"),
    ("preference", {"prompt": "Sky?", "rejected": "Red."}, "'chosen' is missing"),
    ("preference", {"chosen": "Blue.", "rejected": "Red."}, "Nobody asks"),
    ("preference", {"chosen": "", "rejected": "Red."}, "chosen answer is empty"),
    ("preference", {"prompt": "Sky?", "chosen": ["Blue."], "rejected": "Red."}, "not an object"),
    ("preference", {"chosen": "Human: Sky?\n\nAssistant: ", "rejected": "Red."}, "answer is empty"),
    ("text_truth", {"text": "Sky?", "ground_truth": ""}, "ground_truth is empty"),
    ("text_truth", {"text": "Sky?"}, "'ground_truth' is missing"),
    ("translation", {"source": "sky", "target": ""}, "answer is empty"),
    ("translation", {"source": " ", "target": "Himmel"}, "source is empty"),
    ("translation", {"source": ["sky"], "target": "Himmel"}, "a list"),
    ("translation", {"translation": {"en": "sky"}}, "two languages"),
    ("translation", {"translation": {"en": "sky", "de": None}}, "answer is empty"),
    ("ner", {"tokens": "Ada", "tags": ["O"]}, "tokens are not a list"),
    ("ner", {"tokens": [], "tags": []}, "tokens are empty"),
    ("ner", {"tokens": ["Ada", "ran"], "tags": ["O"]}, "2 tokens but 1 tags"),
    ("ner", {"tokens": ["Ada"], "tags": [1]}, "tag 1 is a number"),
    ("ner", {"tokens": [["Ada"]], "tags": ["O"]}, "a list"),
    ("sharegpt", {"conversations": [{"from": "alien", "value": "Sky?"}]}, "'alien' is unknown"),
    ("sharegpt", {"conversations": [{"from": "human"}]}, "no value"),
]


@pytest.mark.parametrize(("id", "row", "sentence"), BAD)
def test_a_bad_row_is_refused_in_words(id: str, row: dict[str, Any], sentence: str) -> None:
    with pytest.raises(BadRow, match=sentence) as refused:
        format_by_id(id).to_messages(row, {})

    assert refused.value.fix.endswith(".")
