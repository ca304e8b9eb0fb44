"""What the project promises about speed, as runnable comparisons: each prints ratios beside a bare ceiling."""
