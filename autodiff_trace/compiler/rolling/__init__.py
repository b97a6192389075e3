"""Rolling: the repeated turns of a recorded loop become one step, whose body is the program of one turn."""
