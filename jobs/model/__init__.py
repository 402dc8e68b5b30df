"""BERT in TensorFlow, its optimizer, its checkpoints and the training loop."""
