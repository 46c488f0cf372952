"""LoRA fine-tuning of a small causal transformer on text that every Python carries."""

from trials.trainables.lora_lm.trainable import LoraLm

__all__ = ["LoraLm"]
