"""A tiny BERT sentence transformer with seeded random weights, saved as its publishers save them."""

from __future__ import annotations

import json
from pathlib import Path

from safetensors.numpy import save_file
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors, trainers

from tests.tiny import tiny_papers, tiny_weights
from training.graph import BertShape

SHAPE = BertShape(layers=2, heads=2, hidden=32)
SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]


def save_transformer(directory: Path) -> Path:
    """Write model.safetensors, tokenizer and configurations."""
    directory.mkdir(parents=True, exist_ok=True)
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    trainer = trainers.WordPieceTrainer(vocab_size=500, special_tokens=SPECIAL, show_progress=False)
    tokenizer.train_from_iterator([p.paper.text for p in tiny_papers(200, 5)], trainer)
    ends = [("[CLS]", SPECIAL.index("[CLS]")), ("[SEP]", SPECIAL.index("[SEP]"))]
    tokenizer.post_processor = processors.TemplateProcessing(single="[CLS] $A [SEP]", special_tokens=ends)
    tokenizer.save(str(directory / "tokenizer.json"))
    words = tokenizer.get_vocab_size()
    save_file(tiny_weights(SHAPE, words), directory / "model.safetensors", {"format": "pt"})
    for name, record in _configurations(words).items():
        (directory / name).parent.mkdir(exist_ok=True)
        (directory / name).write_text(json.dumps(record), encoding="utf-8")
    return directory


def _configurations(words: int) -> dict[str, object]:
    kinds = ("", "Transformer"), ("1_Pooling", "Pooling"), ("2_Normalize", "Normalize")
    return {
        "config.json": {
            "architectures": ["BertModel"],
            "model_type": "bert",
            "hidden_act": "gelu",
            "hidden_size": SHAPE.hidden,
            "intermediate_size": 4 * SHAPE.hidden,
            "num_hidden_layers": SHAPE.layers,
            "num_attention_heads": SHAPE.heads,
            "layer_norm_eps": SHAPE.epsilon,
            "max_position_embeddings": 128,
            "type_vocab_size": 2,
            "vocab_size": words,
            "pad_token_id": 0,
        },
        "tokenizer_config.json": {
            "tokenizer_class": "BertTokenizer",
            "model_max_length": 64,
            **{f"{name}_token": f"[{name.upper()}]" for name in ("pad", "unk", "cls", "sep", "mask")},
        },
        "sentence_bert_config.json": {"max_seq_length": 64, "do_lower_case": False},
        "modules.json": [
            {"idx": number, "name": str(number), "path": path, "type": f"sentence_transformers.models.{kind}"}
            for number, (path, kind) in enumerate(kinds)
        ],
        "1_Pooling/config.json": {"word_embedding_dimension": SHAPE.hidden, "pooling_mode_mean_tokens": True},
        "2_Normalize/config.json": {},
    }
