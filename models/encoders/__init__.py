"""Texts to vectors: word n-grams (sparse) and a quantised transformer (dense)."""
