"""Loads an embedder in sentence-transformers and compares vectors; warnings are errors, and stderr must stay empty.

``python load_embedder.py EMBEDDER VECTORS.npz`` runs in any environment with sentence-transformers, and needs nothing
of ours. It prints the version and the largest difference.
"""

import sys
import warnings

import numpy as np
import sentence_transformers


def main(directory: str, expected: str) -> None:
    arrays = np.load(expected)
    # Deprecations inside the library's own imports are not ours to mend.
    warnings.simplefilter("error")
    model = sentence_transformers.SentenceTransformer(directory, device="cpu")
    vectors = model.encode([str(text) for text in arrays["texts"]], show_progress_bar=False)
    print(sentence_transformers.__version__, float(np.abs(vectors - arrays["vectors"]).max()))  # noqa: T201


if __name__ == "__main__":
    main(*sys.argv[1:])
