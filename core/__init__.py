"""The parts every task is built from. Nothing here knows a corpus, a task or the command line."""
