"""What ``python -m benchmarks.distributed`` and ``benchmarks.scheduler_load`` are made of."""
