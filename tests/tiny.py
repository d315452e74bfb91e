"""A small real bundle, trained in seconds on papers invented here: what tests of every room share."""

from __future__ import annotations

import json
import random
import re
import shutil
from pathlib import Path

import numpy as np
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

from models.paper import Paper
from models.themes import Group, Taxonomy, Theme
from training.dataset import LabelledPaper
from training.fit import EncoderSource, FitOptions, Job, fit_bundle
from training.graph import BertShape, bert_graph, save_graph

_SUBJECTS = {
    "moe-training": [
        "expert routing",
        "sparsely activated experts",
        "expert parallel all-to-all",
        "gating networks",
        "token dispatch to experts",
    ],
    "federated-learning": [
        "client selection",
        "federated averaging",
        "non-IID client data",
        "personalised client models",
        "secure server aggregation",
    ],
    "consensus": [
        "leader election in replicas",
        "Byzantine agreement",
        "quorum certificates",
        "atomic broadcast",
        "state-machine replication",
    ],
    "gpu-kernels": [
        "tensor-core kernels",
        "warp-level reductions",
        "fused attention kernels",
        "shared-memory tiling",
        "CUDA occupancy",
    ],
    "serverless": [
        "cold starts",
        "function composition",
        "ephemeral function state",
        "container keep-alive policies",
        "function-as-a-service billing",
    ],
}
_OPENINGS = [
    "We present",
    "This paper studies",
    "We revisit",
    "We introduce a design for",
    "Motivated by growing clusters, we analyse",
]
_SETTINGS = [
    "on a cluster of sixteen nodes",
    "for long-running workloads",
    "under changing load",
    "in two production traces",
    "with heterogeneous machines",
]
_RESULTS = [
    "The prototype halves the tail latency.",
    "Throughput improves by a third over the baseline.",
    "A simulation confirms the analysis.",
    "The cost falls without loss of quality.",
]


def tiny_taxonomy() -> Taxonomy:
    """Five themes in two groups."""
    groups = (Group("learning", "Learning systems"), Group("systems", "Systems"))
    of = {"moe-training": "learning", "federated-learning": "learning"}
    themes = tuple(
        Theme(name, name.replace("-", " ").capitalize(), of.get(name, "systems"), "Work on " + ", ".join(words) + ".")
        for name, words in _SUBJECTS.items()
    )
    return Taxonomy(themes, groups)


def tiny_papers(count: int, seed: int) -> list[LabelledPaper]:
    """Invented papers with one or two themes each."""
    rng = random.Random(seed)
    return [_paper(rng, number, seed) for number in range(count)]


def outside_papers(count: int, seed: int = 9) -> list[Paper]:
    """Invented papers of other fields."""
    rng = random.Random(seed)
    fields = [
        "bounded operators on Hilbert spaces",
        "coral reef ecology",
        "galactic dust emission",
        "wage bargaining in small firms",
    ]
    return [
        Paper(
            f"far:{n}",
            f"Notes on {rng.choice(fields)}",
            f"We prove a theorem about {rng.choice(fields)}. Its corollary concerns {rng.choice(fields)}.",
        )
        for n in range(count)
    ]


def _paper(rng: random.Random, number: int, seed: int) -> LabelledPaper:
    themes = rng.sample(list(_SUBJECTS), rng.choice([1, 1, 2]))
    phrases = [phrase for theme in themes for phrase in rng.sample(_SUBJECTS[theme], 2)]
    title = f"{phrases[0].capitalize()} {rng.choice(_SETTINGS)}"
    abstract = f"{rng.choice(_OPENINGS)} {', '.join(phrases)} {rng.choice(_SETTINGS)}. {rng.choice(_RESULTS)}"
    return LabelledPaper(Paper(f"own:{seed}-{number}", title, abstract), tuple(themes))


def tiny_encoder(directory: Path) -> EncoderSource:
    """A two-layer transformer with seeded random weights and a word-piece tokenizer, in the shipped format."""
    source = EncoderSource(directory, "tiny random transformer", max_tokens=64)
    if directory.exists():
        return source
    directory.mkdir(parents=True)
    tokenizer = Tokenizer(models.WordPiece(_pieces(), unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    tokenizer.save(str(directory / "tokenizer.json"))
    shape = BertShape(layers=2, heads=2, hidden=32)
    save_graph(bert_graph(tiny_weights(shape, tokenizer.get_vocab_size()), shape), directory / "encoder.xml")
    return source


def _pieces() -> dict[str, int]:
    """Word pieces: every word of the invented papers, and letters; a trainer would break ties at random."""
    words = sorted({word for p in tiny_papers(200, 5) for word in re.findall(r"\w+|[^\w\s]", p.paper.text.lower())})
    letters = sorted({letter for word in words for letter in word})
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"]
    every = dict.fromkeys([*special, *letters, *(f"##{letter}" for letter in letters), *words])
    return {piece: number for number, piece in enumerate(every)}


def tiny_weights(shape: BertShape, words: int) -> dict[str, np.ndarray]:
    """Seeded random weights of a BERT encoder, by the names of the published checkpoint."""
    rng = np.random.default_rng(0)

    def matrix(rows: int, columns: int) -> np.ndarray:
        return rng.normal(0, 0.2, (rows, columns)).astype(np.float32)

    out = {
        "embeddings.word_embeddings.weight": matrix(words, shape.hidden) * np.float32(5.0),
        "embeddings.position_embeddings.weight": matrix(128, shape.hidden),
        "embeddings.token_type_embeddings.weight": matrix(2, shape.hidden),
    }
    norms = ["embeddings.LayerNorm"]
    for layer in range(shape.layers):
        name = f"encoder.layer.{layer}"
        parts = {
            "attention.self.query": (1, 1),
            "attention.self.key": (1, 1),
            "attention.self.value": (1, 1),
            "attention.output.dense": (1, 1),
            "intermediate.dense": (4, 1),
            "output.dense": (1, 4),
        }
        for part, (rows, columns) in parts.items():
            out[f"{name}.{part}.weight"] = matrix(rows * shape.hidden, columns * shape.hidden)
            out[f"{name}.{part}.bias"] = np.zeros(rows * shape.hidden, np.float32)
        norms += [f"{name}.attention.output.LayerNorm", f"{name}.output.LayerNorm"]
    for name in norms:
        out[f"{name}.weight"], out[f"{name}.bias"] = (
            np.ones(shape.hidden, np.float32),
            np.zeros(shape.hidden, np.float32),
        )
    return out


def tiny_job(encoder: Path, *, version: str = "1") -> Job:
    """What the small bundle is made from."""
    options = FitOptions(iterations=60, opening=16)
    return Job(
        tiny_taxonomy(),
        tiny_encoder(encoder),
        tiny_papers(240, 1),
        tiny_papers(160, 2),
        outside_papers(60),
        version=version,
        options=options,
    )


def build_tiny_bundle(directory: Path, *, version: str = "1") -> Path:
    """Train the small bundle into a directory."""
    fit_bundle(tiny_job(directory.with_name(directory.name + "-encoder"), version=version), directory)
    return directory


def tiny_version(bundle: Path, directory: Path, version: str) -> Path:
    """A copy of a bundle under another version: another manifest, hence another digest."""
    shutil.copytree(bundle, directory)
    manifest = json.loads((directory / "manifest.json").read_text(encoding="utf-8"))
    (directory / "manifest.json").write_text(json.dumps({**manifest, "version": version}, indent=1), encoding="utf-8")
    return directory
