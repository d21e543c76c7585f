"""Scripts for maintainers: the README's pictures, recordings, pins and the translators' sentences."""
