"""What can be asked for: the job, its search space and hyperparameters, the models, AutoMode."""
