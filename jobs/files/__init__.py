"""Files as people have them: where they lie, what they are packed in, and whether they are safe to read. Light."""
