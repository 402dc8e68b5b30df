"""The document, its accounts, and shards of documents."""
