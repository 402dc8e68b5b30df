"""Paragraphs of papers in, sentences worth training on out."""
