"""What the tasks share: the Task type, trained models, baselines, evaluation, explanation, comparison."""
