"""
The oracle: all that must hold of this program, each thing once, as a check with a name.

The five harnesses (`tests/faults`, `tests/commands`, `tests/parts`, `tests/sequences`, `tests/soak`) choose what
happens; here it is judged. A check takes the evidence that it needs, as typed values, and returns a sentence for each
thing that is not as promised, with its own name in front: "[each place keeps a live key] the field … holds nothing".

- `evidence`: who and what is ours, and what all systems hold at one instant (`look`);
- `instant`: what must hold between any two requests of a command (`Watch`);
- `rest`: what must hold when nothing runs (`in_sync`, `nothing_of_ours_is_left`, and after a run that left parts out);
- `shown`: what must hold of the texts, files and command lines of runs.

`tests/test_oracle.py` breaks each of them by hand.
"""
