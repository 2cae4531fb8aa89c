"""The guard in the program: processor time, time to the first token, import time."""
