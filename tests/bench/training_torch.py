"""The torch sides of ``training.py``: what a user would write with transformers.

BertForPreTraining, eager or compiled, in float32 or under autocast, with the masked-word head on gathered positions,
clipped gradients and fused AdamW. Needs torch and transformers, and nothing of ours.
"""

from __future__ import annotations

import random
from typing import Any

import torch
from training_side import Side, processor
from transformers import BertConfig, BertForPreTraining


def side(settings: Any) -> Side:
    """Side ``torch-eager-float32``, ``torch-compiled-bfloat16`` and so on."""
    _, mode, precision = settings.side.split("-")
    device = "cuda" if settings.device == "gpu" else "cpu"
    if device == "cuda" and not torch.cuda.is_available():
        raise RuntimeError(f"torch {torch.__version__} finds no GPU here")
    dtype = getattr(torch, precision)
    model = BertForPreTraining(BertConfig(vocab_size=settings.vocabulary, num_hidden_layers=settings.layers))
    model = model.to(device).train()
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-6, eps=1e-6, weight_decay=0.01, fused=True)
    numbers = random.Random(0)

    def integers(high: int, *shape: int) -> torch.Tensor:
        count = torch.Size(shape).numel()
        return torch.tensor([numbers.randrange(high) for _ in range(count)], device=device).reshape(shape)

    batch, length, predictions = settings.batch, settings.sequence, settings.predictions
    ids, segments = integers(settings.vocabulary, batch, length), integers(2, batch, length)
    places, words = integers(length, batch, predictions), integers(settings.vocabulary, batch, predictions)
    pairs, rows = integers(2, batch), torch.arange(batch, device=device)[:, None]
    mask = torch.ones_like(ids)

    def cost() -> torch.Tensor:
        with torch.autocast(device, dtype=torch.bfloat16, enabled=dtype is torch.bfloat16):
            encoded = model.bert(ids, attention_mask=mask, token_type_ids=segments)
            logits = model.cls.predictions(encoded.last_hidden_state[rows, places])
            nsp = model.cls.seq_relationship(encoded.pooler_output)
        cross_entropy = torch.nn.functional.cross_entropy
        return cross_entropy(logits.float().flatten(0, 1), words.flatten()) + cross_entropy(nsp.float(), pairs)

    forward = torch.compile(cost) if mode == "compiled" else cost

    def step() -> float:
        optimizer.zero_grad(set_to_none=True)
        loss = forward()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        return float(loss.item())

    matrix = torch.ones(settings.peak_size, settings.peak_size, dtype=dtype, device=device)

    def peak() -> float:
        return float((matrix @ matrix)[0, 0].item())

    name = f"torch {torch.__version__}"
    if device == "cuda":
        return Side(step, peak, f"{torch.cuda.get_device_name()}, {name}", torch.cuda.max_memory_allocated)
    return Side(step, peak, f"{processor()}, {name}")
