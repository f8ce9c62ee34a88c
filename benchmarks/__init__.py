"""What a request costs: AWS calls, CPU, cold start, money. `python -m benchmarks` measures and prints; it writes nothing."""
