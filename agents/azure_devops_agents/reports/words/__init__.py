"""Read the words of texts: their sentences, the dates and times in them, and the language that they are of."""
