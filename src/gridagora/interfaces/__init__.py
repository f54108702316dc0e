"""Floor 4: the doors to the outside; the only floor with files and frameworks."""
