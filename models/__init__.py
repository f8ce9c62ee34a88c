"""The storage protocol: what it is (steps.py), and whether it holds (the models in Spin)."""
