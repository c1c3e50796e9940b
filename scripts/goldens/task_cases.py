# SPDX-License-Identifier: Apache-2.0
"""What the models of `tasks` are asked: {name: [(input, options)]}. Texts written for this project."""

LONG = (
    "Anna Smith lives in Berlin and works in a big school near the river. Her brother John sailed from Oslo to London on "
    "Monday; he was a good sailor, very quick and never sad. Their mother, a doctor, writes letters to friends in Tokyo every "
    "evening. The old farmer said that the mountain was cold and that the bread was good. In July the team of Acme Global "
    "made a short game about a red boat, a blue train and three small birds. Peter read the news and went to sleep."
)
SHORT = "Maria lives in Vienna, in a small green house by the river."
UNICODE = "Café in Köln: 東京 и мир — naïve “Straße” costs 5€… 🙂 ok"
DECOMPOSED = "Cafe\u0301 a\u0300 Paris is good, u\u0308ber\u00adall"

FILL_MASK = [
    ({"text": "The [MASK] is in the house."}, {}),
    ({"text": "anna and john [MASK] to berlin"}, {"top_k": 1}),
    ({"text": "the red [MASK], a blue boat"}, {"top_k": 8}),
    ({"text": "[MASK]"}, {}),
    ({"text": "it is a [MASK]"}, {"top_k": 3}),
    ({"text": "The doctor [MASK] a [MASK] in the evening."}, {}),
    ({"text": "[MASK] [MASK] [MASK]"}, {"top_k": 2}),
    ({"text": "walk[MASK] is don't-care e.g. U.S. [MASK] !"}, {"top_k": 3}),
    ({"text": UNICODE + " [MASK]"}, {"top_k": 4}),
    ({"text": "[CLS] a [MASK] and [SEP] here"}, {"top_k": 3}),
    ({"text": "the king and the [MASK]"}, {"targets": ["queen", "doctor", "bread"]}),
    ({"text": "the king and the [MASK]"}, {"targets": ["queen", "doctor", "bread", "music"], "top_k": 2}),
    ({"text": "the king and the [MASK]"}, {"targets": "queen"}),
    ({"text": "the king and the [MASK]"}, {"targets": ["Queen", "xylophone", "queen", "##ing"]}),
    ({"text": "a [MASK] and a [MASK]"}, {"targets": ["dog", "cat", "bird"], "top_k": 5}),
    ({"text": "the [MASK] " + "and the cat " * 30}, {"tokenizer_kwargs": {"truncation": True}, "top_k": 2}),
]

TEXTS = [
    "The food was good and the evening was warm.",
    "a bad, slow train",
    "Anna writes letters to friends in Tokyo every evening",
    UNICODE,
    "",
    "no",
    "What is the score of the game in Oslo?",
    "THE TEAM FROM VIENNA PLAYED A VERY GOOD GAME!!!",
]
PAIRS = [
    ("a man is reading a book", "a man is asleep"),
    ("The boat sails to London.", "The ship goes to a city."),
    ("what", "the river is cold and long, and the mountain is big"),
    ("in the morning the sailor drinks water", ""),
]


def paired(pair):
    return {"text": pair[0], "text_pair": pair[1]}


TEXT_CLASSIFICATION = [
    *[({"text": text}, {}) for text in TEXTS],
    ({"text": TEXTS[0]}, {"top_k": 1}),
    ({"text": TEXTS[1]}, {"top_k": 2}),
    ({"text": TEXTS[2]}, {"top_k": None}),
    ({"text": TEXTS[3]}, {"top_k": None, "function_to_apply": "sigmoid"}),
    ({"text": TEXTS[0]}, {"top_k": None, "function_to_apply": "none"}),
    ({"text": TEXTS[6]}, {"function_to_apply": "softmax"}),
    ({"text": LONG}, {"top_k": None, "truncation": True}),
    ({"text": LONG}, {"top_k": None, "truncation": True, "max_length": 16}),
    *[(paired(pair), {}) for pair in PAIRS],
    (paired(PAIRS[0]), {"top_k": 2}),
    (paired(PAIRS[1]), {"top_k": None}),
    (paired((LONG, "anna lives in berlin")), {"top_k": None, "truncation": "only_first"}),
]

MARKED = "In the city ma\u0301ria sings, and pe\u0301ters do\u0301g eats"  # tokens shorter than what they cover
NER_TEXTS = [
    "Anna Smith lives in Berlin.",
    "John and Maria sail from Oslo to New London, then north-west to Steinberg.",
    "Acme Global's doctor, Peter Vanderbergton, works in Rome-West (south)!",
    "unhappily walking, the Sailormen singing: \"berlinish\"",
    UNICODE,
    DECOMPOSED,
    MARKED,
    "anna anna anna berlin berlin maria paris paris smith smith",
    "",
    "a",
    "Word" + "x" * 100 + " in Tokyo",
]
STRATEGIES = ["none", "simple", "first", "average", "max"]
TOKEN_CLASSIFICATION = [
    *[({"text": text}, {"aggregation_strategy": strategy}) for text in NER_TEXTS for strategy in STRATEGIES],
    ({"text": NER_TEXTS[0]}, {}),
    ({"text": NER_TEXTS[1]}, {"aggregation_strategy": "none", "ignore_labels": []}),
    ({"text": NER_TEXTS[1]}, {"aggregation_strategy": "simple", "ignore_labels": []}),
    ({"text": NER_TEXTS[2]}, {"aggregation_strategy": "first", "ignore_labels": []}),
    ({"text": NER_TEXTS[4]}, {"aggregation_strategy": "average", "ignore_labels": []}),
    ({"text": NER_TEXTS[5]}, {"aggregation_strategy": "max", "ignore_labels": []}),
    ({"text": NER_TEXTS[1]}, {"aggregation_strategy": "simple", "ignore_labels": ["O", "PER"]}),
    ({"text": NER_TEXTS[1]}, {"aggregation_strategy": "none", "ignore_labels": ["O", "B-PER"]}),
    ({"text": LONG}, {"aggregation_strategy": "simple"}),
    ({"text": LONG}, {"aggregation_strategy": "simple", "stride": 8}),
    ({"text": LONG}, {"aggregation_strategy": "average", "stride": 20}),
]


def ask(question, context, **options):
    return {"question": question, "context": context}, options


QUESTION_ANSWERING = [
    ask("Where does Maria live?", SHORT),
    ask("Where does Maria live?", SHORT, top_k=3),
    ask("Who lives in a house?", SHORT, handle_impossible_answer=True),
    ask("What is by the river?", SHORT, handle_impossible_answer=True, top_k=4),
    ask("When?", SHORT, max_answer_len=1),
    ask("When?", SHORT, max_answer_len=3, top_k=2),
    ask("Who is it", "Vanderbergton walks unhappily"),
    ask("Who is it", "Vanderbergton walks unhappily", align_to_words=False),
    ask("Who is it", "Vanderbergton walks unhappily", align_to_words=False, top_k=3),
    ask("What costs 5€?", UNICODE),
    ask("What costs 5€?", UNICODE, align_to_words=False, top_k=2),
    ask("Where is it?", DECOMPOSED, top_k=2),
    ask("Who sings?", MARKED, top_k=2),
    ask("What?", "东京 is big.  \n  The\tcity  [SEP] is new ."),
    ask("Who works in a school?", LONG),
    ask("Who works in a school?", LONG, top_k=3),
    ask("Who works in a school?", LONG, handle_impossible_answer=True),
    ask("Who sailed to London on Monday?", LONG, max_seq_len=32, doc_stride=8),
    ask("Who sailed to London on Monday?", LONG, max_seq_len=24, doc_stride=12, top_k=4),
    ask("Who sailed to London on Monday?", LONG, max_seq_len=40, doc_stride=0, handle_impossible_answer=True),
    ask("Who made a game?", LONG, max_seq_len=20, doc_stride=4, handle_impossible_answer=True, top_k=3),
    ask("Who made a game?", LONG, max_seq_len=48, doc_stride=16, max_answer_len=30, top_k=2),
    ask("What did Peter read in the evening?", LONG, max_seq_len=64, max_answer_len=5),
]

NEXT_SENTENCE = [(paired(pair), {}) for pair in [*PAIRS, (SHORT, "She works in a school."), (LONG, SHORT)]]

MULTIPLE_CHOICE = [
    ({"text": "The sailor drinks", "choices": ["water", "a house", "the red train to Oslo"]}, {}),
    ({"text": "Anna goes to the city.", "choices": ["She sees the king.", "She eats the river."]}, {}),
    ({"text": "", "choices": ["yes", "no", "here", "there", "north"]}, {}),
    ({"text": UNICODE, "choices": ["東京", "Straße", "-"]}, {}),
    ({"text": LONG, "choices": ["Peter sleeps.", "The bird sings in the morning.", "x"]}, {}),
    ({"text": "What is warm?", "choices": ["bread"]}, {}),
]

DOCUMENTS = [
    "The river is long and cold.",
    "Anna reads a book about the mountain.",
    "Trains from Berlin to Paris are quick.",
    "  bread and wine  ",
    "",
    LONG,
]
RERANK = [
    ({"query": "where is the river", "documents": DOCUMENTS}, {}),
    ({"query": "How quick are trains?", "documents": DOCUMENTS}, {"raw": True}),
    ({"query": "food", "documents": DOCUMENTS[:1]}, {}),
    ({"query": "mountain", "documents": DOCUMENTS}, {"top_k": 2}),
]


def zero(text, labels, **options):
    return {"text": text, "candidate_labels": labels}, options


TOPICS = ["sports", "politics", "science", "travel"]
ZERO_SHOT = [
    zero(TEXTS[0], TOPICS),
    zero(TEXTS[2], TOPICS),
    zero(TEXTS[7], TOPICS, multi_label=True),
    zero(TEXTS[6], TOPICS, multi_label=True),
    zero(TEXTS[1], "news, cooking ,,game"),
    zero(TEXTS[1], ["travel"]),
    zero(TEXTS[3], ["Food", "a city in the south"], hypothesis_template="It is about {}"),
    zero(TEXTS[3], ["music", "food", "the king's team"], hypothesis_template="Is this {}?", multi_label=True),
    zero(LONG, ["travel", "work", "school"]),
]
