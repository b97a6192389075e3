"""The intermediate representation: the steps of programs, and what their operands are."""
